"""From settings to the kind of steps and to what moves the logits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from naslib_edd.bilevel import (
    ExponentiatedGradient,
    FirstOrder,
    Gibbs,
    SecondOrder,
    SingleLevel,
)
from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_allowed, make_bilevel, make_relaxation
from naslib_edd.relaxation import SimplexEdgeWeights

ONE = torch.tensor(1.0)
TARGETS = [1, 2, 2, 3, 3, 3]


class PartialStandIn(nn.Module):
    """Six edges of five units; with a sixth column, that column weighs the edges."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.units = nn.Parameter(0.3 * torch.randn(4, 30, generator=generator))
        self.head = nn.Parameter(0.3 * torch.randn(6, 3, generator=generator))

    def forward(self, images: Tensor, beta: Tensor) -> Tensor:
        outputs = torch.tanh(images @ self.units).view(-1, 6, 5)
        edges = (outputs * beta[:, :5]).sum(-1)
        out: Tensor = (edges * beta[:, 5] if beta.shape[1] > 5 else edges) @ self.head
        return out


def make(optimizer: str, **search: Any) -> FirstOrder:
    settings = load({"optimizer": optimizer, "search": search}).search
    columns = 5 + (settings.partial_channels > 1)
    torch.manual_seed(1)
    return make_bilevel(
        settings,
        supernet=PartialStandIn(),
        logits=(settings.arch_init * torch.randn(6, columns)).requires_grad_(),
        relaxation=make_relaxation(
            settings,
            allowed=make_allowed(settings, edges=6, operations=5, none=0),
            targets=TARGETS,
        ),
    )


def batch(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(8, 4, generator=generator), torch.randint(3, (8,), generator=generator)


@pytest.mark.parametrize(
    ("optimizer", "kind", "moves"),
    [
        ("darts_v1", FirstOrder, torch.optim.Adam),
        ("darts_v2", SecondOrder, torch.optim.Adam),
        ("gaea_bilevel", FirstOrder, ExponentiatedGradient),
        ("gaea_erm_no_none", SingleLevel, ExponentiatedGradient),
        ("gaea_pc_darts", FirstOrder, ExponentiatedGradient),
        ("gibbs_nas", Gibbs, torch.optim.SGD),
    ],
)
def test_kinds(optimizer: str, kind: type[FirstOrder], moves: type) -> None:
    step = make(optimizer)
    assert type(step) is kind and type(step.logit_optimizer) is moves
    before = step.logits.detach().clone()
    step.step(batch(1), batch(2), ONE)
    assert not torch.equal(before, step.logits) and torch.isfinite(step.logits).all()


def test_gaea_pc_darts_steps_two_kinds_of_simplex() -> None:
    """By hand: p·exp(−lr·∂l/∂p) over the operations of an edge, and over the edges of a node."""
    step = make("gaea_pc_darts", edge_learning_rate=0.5)
    assert isinstance(step.relaxation, SimplexEdgeWeights)
    beta = step.relaxation(step.logits, ONE).detach().requires_grad_()
    torch.testing.assert_close(beta[:, 5], torch.tensor([1, 1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3]))
    images, labels = batch(2)
    loss = nn.functional.cross_entropy(step.supernet(images, beta), labels)
    (gradient,) = torch.autograd.grad(loss, beta)
    step.step_logits(batch(1), batch(2), ONE)

    operations = beta.detach()[:, :5] * torch.exp(-0.1 * gradient[:, :5])
    edges = beta.detach()[:, 5] * torch.exp(-0.5 * gradient[:, 5])
    sums = [sum(edges[i] for i in range(6) if TARGETS[i] == target) for target in TARGETS]
    wanted = [operations / operations.sum(-1, keepdim=True), (edges / torch.stack(sums))[:, None]]
    found = step.relaxation(step.logits, ONE).detach()
    torch.testing.assert_close(found, torch.cat(wanted, 1))
    assert gradient[3:, 5].abs().min() > 1e-4  # so that the edges have moved


def test_the_mask_is_the_optimizers_too() -> None:
    step = make("gaea_pc_darts", exclude_none=True)
    for seed in range(4):
        step.step(batch(seed), batch(seed + 9), ONE)
    beta = step.relaxation(step.logits, ONE)
    assert not beta[:, 0].any()
    torch.testing.assert_close(step.logits[:, 1:5].exp().sum(-1), torch.ones(6))
