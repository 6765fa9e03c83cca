"""Sparse group lasso: its value by hand, its proximal operator by a search for the minimum."""

from __future__ import annotations

import pytest
import torch
from scipy.optimize import minimize
from torch import Tensor

from naslib_edd.bilevel.regularisers.group_sparsity import (
    GroupSparsity,
    sparse_group_norm,
    sparse_group_prox,
)
from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_regularisers
from naslib_edd.errors import UserError


def weights_of() -> Tensor:
    return torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_value_by_hand() -> None:
    w = torch.tensor([[3.0, -4.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    found = sparse_group_norm(w, l1=0.5, group=0.25)
    assert float(found) == pytest.approx(0.5 * 8 + 0.25 * 2 * (5 + 1))


@pytest.mark.parametrize(("l1", "group"), [(0.3, 0.0), (0.0, 0.3), (0.2, 0.1), (0.1, 0.6)])
def test_the_proximal_operator_is_the_minimum(l1: float, group: float) -> None:
    w = weights_of()
    near = sparse_group_prox(w, l1=l1, group=group)

    def objective(u: Tensor) -> float:
        return float(((u - w) ** 2).sum() / 2 + sparse_group_norm(u, l1=l1, group=group))

    best = objective(near)
    found = minimize(
        lambda u: objective(torch.from_numpy(u).reshape(6, 5)), w.flatten().numpy(), method="Powell"
    )
    assert best <= found.fun + 1e-9 and best == pytest.approx(found.fun, rel=1e-3)
    random = torch.Generator().manual_seed(1)
    for size in (1e-4, 1e-2, 1.0):
        for _ in range(20):
            other = near + size * torch.randn(6, 5, dtype=torch.float64, generator=random)
            assert objective(other) >= best


def test_entries_and_whole_edges_reach_exactly_zero() -> None:
    w = torch.tensor([[0.5, 0.01, -0.6], [0.02, -0.03, 0.04], [0.0, 0.0, 0.0]])
    near = sparse_group_prox(w, l1=0.03, group=0.01)
    assert near[0, 1] == 0 and near[0, 0] > 0 > near[0, 2]
    assert not near[1:].any() and near.isfinite().all()


def test_penalty_and_gradient_of_beta() -> None:
    beta = weights_of().requires_grad_()
    penalty = GroupSparsity(l1=0.1, group=0.2, operations=4)(beta, beta)
    (found,) = torch.autograd.grad(penalty, beta)
    w = weights_of()[:, :4]
    expected = 0.1 * w.sign() + 0.2 * 2 * w / w.norm(dim=1, keepdim=True)
    torch.testing.assert_close(found[:, :4], expected)
    assert not found[:, 4].any()


def test_a_part_of_the_loss_unless_the_step_is_proximal() -> None:
    linear = {"relaxation": "linear", "sparsity_l1": 0.1}
    everything = torch.ones(6, 5, dtype=torch.bool)
    search = load({"optimizer": "darts_v1", "search": linear}).search
    (part,) = make_regularisers(search, allowed=everything, skip=1)
    assert isinstance(part, GroupSparsity)
    assert not make_regularisers(
        load({"optimizer": "sparse_nas"}).search, allowed=everything, skip=1
    )


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"sparsity_l1": 0.1}, "need search.relaxation: linear"),
        ({"relaxation": "linear", "temperature": "edd"}, "linear has no temperature"),
        ({"relaxation": "linear", "t0": 2.0}, "linear has no temperature"),
        ({"arch_optimizer": "proximal_adam"}, "nothing to be proximal to"),
    ],
)
def test_refused(search: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load({"optimizer": "darts_v1", "search": search})
