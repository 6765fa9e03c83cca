"""Alignment of the cells (Λ-DARTS): against autograd twice, and by its schedule."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.bilevel.aligned import Aligned, directions
from naslib_edd.bilevel.first_order import FirstOrder
from naslib_edd.config.loading import load
from naslib_edd.errors import UserError
from naslib_edd.relaxation import Softmax
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.fast_partial import FastPartialSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.supernet.layers import evaluating


def _alignment(gradients: list[Tensor]) -> Tensor:
    """Λ by its definition."""
    pairs = list(itertools.combinations([g.reshape(-1) for g in gradients], 2))
    return torch.stack([F.cosine_similarity(a, b, dim=0) for a, b in pairs]).mean()


def _step(kind: type[FirstOrder], supernet: torch.nn.Module, **options: Any) -> FirstOrder:
    torch.manual_seed(3)
    logits = (0.5 * torch.randn(6, 5)).to(next(supernet.parameters())).requires_grad_()
    return kind(
        supernet=supernet,
        logits=logits,
        relaxation=Softmax(),
        weight_optimizer=torch.optim.SGD(supernet.parameters(), lr=0.1),
        logit_optimizer=torch.optim.Adam([logits], lr=0.1),
        clip="off",
        **options,
    )


def _batch(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    torch.manual_seed(4)
    return torch.randn(8, 3, 8, 8, dtype=dtype), torch.randint(10, (8,))


@pytest.mark.parametrize("kind", [PlainSupernet, FastSupernet, FastPartialSupernet])
def test_the_same_weights_for_all_cells_are_the_supernets_pass(kind: Any) -> None:
    torch.manual_seed(0)
    partial = {"partial": 2} if kind is FastPartialSupernet else {}
    supernet = kind(channels=4, cells=2, **partial).double()
    beta = torch.rand(6, 6 if partial else 5, dtype=torch.float64)
    images, _ = _batch()
    found = supernet.by_cell(images, [beta] * 6)
    torch.testing.assert_close(found, supernet(images, beta), rtol=1e-12, atol=1e-12)


def test_directions_are_the_gradient_of_the_alignment() -> None:
    torch.manual_seed(0)
    gradients = [torch.randn(6, 5, dtype=torch.float64, requires_grad=True) for _ in range(4)]
    wanted = torch.autograd.grad(_alignment(gradients), gradients)
    for one, other in zip(directions([g.detach() for g in gradients]), wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-13)
    assert not any(p.any() for p in directions([torch.zeros(6, 5)] * 3))


def test_the_weights_gradient_is_that_of_the_loss_minus_lambda_times_the_alignment() -> None:
    """Twice by autograd through the plain supernet, in float64."""
    torch.manual_seed(0)
    supernet = PlainSupernet(channels=3, cells=1).double()
    # So near that no ReLU changes its mind between the two passes: there the gradient jumps.
    step = _step(Aligned, supernet, weight=0.7, epochs=3, radius=1e-9)
    assert isinstance(step, Aligned)
    step.begin_epoch(2)
    assert step.weight == pytest.approx(0.7)
    images, labels = _batch()
    beta = step.relaxation(step.logits, torch.tensor(1.0)).detach()
    parameters = list(supernet.parameters())
    with evaluating(supernet, "batch"):
        cells = [beta.clone().requires_grad_() for _ in range(3)]
        loss = F.cross_entropy(supernet.by_cell(images, cells), labels)
        of_cells = torch.autograd.grad(loss, cells, create_graph=True)
        objective = loss - 0.7 * _alignment(list(of_cells))
        wanted = torch.autograd.grad(objective, parameters, allow_unused=True)
    plain = torch.autograd.grad(
        F.cross_entropy(supernet(images, beta), labels), parameters, materialize_grads=True
    )
    for parameter, gradient in zip(parameters, plain, strict=True):
        parameter.grad = gradient.clone()
    before = {name: value.clone() for name, value in supernet.named_buffers()}
    step.adjust_gradients((images, labels), beta)
    moved = 0.0
    scale = max(float((w - p).abs().max()) for w, p in zip(wanted, plain, strict=True))
    for parameter, gradient, first in zip(parameters, wanted, plain, strict=True):
        assert parameter.grad is not None
        target = first if gradient is None else gradient
        torch.testing.assert_close(parameter.grad, target, rtol=1e-3, atol=1e-3 * scale)
        moved = max(moved, float((parameter.grad - first).abs().max()))
    assert moved > 1e-3  # the alignment had a say
    assert all(torch.equal(before[name], value) for name, value in supernet.named_buffers())


def test_lambda_rises_from_nothing() -> None:
    supernet = PlainSupernet(channels=2, cells=1)
    step = _step(Aligned, supernet, weight=0.25, epochs=50, radius=1e-4)
    assert isinstance(step, Aligned)
    found = []
    for epoch in (0, 1, 49):
        step.begin_epoch(epoch)
        found.append(step.weight)
    assert found == pytest.approx([0, 0.25 / 49, 0.25])
    # In the first epoch it is first order, bit for bit.
    step.begin_epoch(0)
    torch.manual_seed(0)
    twin = PlainSupernet(channels=2, cells=1)
    twin.load_state_dict(supernet.state_dict())
    other, batch = _step(FirstOrder, twin), _batch(torch.float32)
    for one in (step, other):
        one.step(batch, batch, torch.tensor(1.0))
    assert all(
        torch.equal(a, b) for a, b in zip(supernet.parameters(), twin.parameters(), strict=True)
    )


@pytest.mark.parametrize(
    ("search", "match"),
    [
        ({"relaxation": "gumbel"}, "alignment does not go with search.relaxation: gumbel"),
        ({"bilevel": "second_order"}, "alignment does not go with search.bilevel: second_order"),
        ({"operation_stop": 0.1}, "alignment does not go with search.operation_stop"),
        ({"drop_path": 0.1}, "alignment does not go with search.drop_path"),
    ],
)
def test_what_it_does_not_go_with(search: dict[str, Any], match: str) -> None:
    with pytest.raises(UserError, match=match):
        load({"optimizer": "lambda_darts", "search": search})
