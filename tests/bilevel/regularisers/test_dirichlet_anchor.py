"""DrNAS' anchor against torch's KL divergence, with a mask and without."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import Dirichlet as Reference
from torch.distributions import kl_divergence

from naslib_edd.bilevel.regularisers.dirichlet_anchor import DirichletAnchor, kl_to_uniform
from naslib_edd.config.loading import load
from naslib_edd.errors import UserError

EVERYTHING = torch.ones(6, 5, dtype=torch.bool)


def reference(logits: Tensor) -> Tensor:
    c = torch.nn.functional.elu(logits) + 1
    divergence: Tensor = kl_divergence(Reference(c), Reference(torch.ones_like(c)))
    return divergence


def logits_of() -> Tensor:
    return 2 * torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_is_torch_s_divergence_and_gradient() -> None:
    ours, theirs = logits_of().requires_grad_(), logits_of().requires_grad_()
    penalty = DirichletAnchor(weight=0.3, allowed=EVERYTHING)(ours, ours)
    expected = 0.3 * reference(theirs).sum()
    torch.testing.assert_close(penalty, expected)
    (found,), (wanted,) = (
        torch.autograd.grad(total, leaf) for total, leaf in ((penalty, ours), (expected, theirs))
    )
    torch.testing.assert_close(found, wanted)


def test_is_zero_at_zero_logits_only() -> None:
    at_anchor = kl_to_uniform(torch.ones(2, 5, dtype=torch.float64))
    torch.testing.assert_close(at_anchor, torch.zeros(2, dtype=torch.float64))
    assert (kl_to_uniform(torch.rand(50, 5, dtype=torch.float64) + 1.1) > 0).all()


def test_what_is_ruled_out_takes_no_part() -> None:
    logits = logits_of()
    allowed = torch.ones(6, 5, dtype=torch.bool)
    anchor = DirichletAnchor(weight=1.0, allowed=allowed)
    allowed &= torch.rand(6, 5, generator=torch.Generator().manual_seed(2)) > 0.4
    allowed[:, 3] = True
    leaf = logits.clone().requires_grad_()
    penalty = anchor(leaf, leaf)
    (found,) = torch.autograd.grad(penalty, leaf)
    total = torch.zeros((), dtype=torch.float64)
    for row in range(6):
        keep = allowed[row]
        part = logits[row, keep].clone().requires_grad_()
        if keep.sum() > 1:
            divergence = reference(part)
            (wanted,) = torch.autograd.grad(divergence, part)
            total = total + divergence.detach()
            torch.testing.assert_close(found[row, keep], wanted)
        assert not found[row, ~keep].any()
    torch.testing.assert_close(penalty.detach(), total)


def test_the_column_of_edge_weights_takes_no_part() -> None:
    logits = torch.cat([logits_of(), torch.full((6, 1), 9.0, dtype=torch.float64)], 1)
    found = DirichletAnchor(weight=1.0, allowed=EVERYTHING)(logits, logits)
    torch.testing.assert_close(found, reference(logits_of()).sum())


def test_needs_a_dirichlet() -> None:
    with pytest.raises(UserError, match=r"needs search.relaxation: dirichlet, not softmax"):
        load({"optimizer": "darts_v1", "search": {"dirichlet_anchor": 1e-3}})
    with pytest.raises(UserError, match="must be at least 0"):
        load({"optimizer": "drnas", "search": {"dirichlet_anchor": -1.0}})
