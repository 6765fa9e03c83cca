"""DrNAS against numbers that its release computed: see make/drnas.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from naslib_edd.bilevel.annealing import cosine_rate
from naslib_edd.bilevel.regularisers.dirichlet_anchor import DirichletAnchor
from naslib_edd.config.loading import load
from naslib_edd.config.methods import CARDS
from naslib_edd.config.settings import SearchSettings
from naslib_edd.engine.build import make_bilevel, make_regularisers, make_stages
from naslib_edd.relaxation import Dirichlet, Masked
from naslib_edd.selection import argmax_ops
from naslib_edd.selection.progressive import strongest
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.space import SPACE
from naslib_edd.spaces.nb201.widening import widen, widen_convolution

ONE = torch.tensor(1.0, dtype=torch.float64)
EVERYTHING = torch.ones(6, 5, dtype=torch.bool)


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    with np.load(Path(__file__).parent / "drnas.npz") as file:
        return {
            key: value.item() if value.dtype.kind == "U" else torch.from_numpy(value)
            for key, value in file.items()
        }


class Replayed(Dirichlet):
    """Draws the samples that it is given, in order."""

    def __init__(self, samples: Tensor) -> None:
        super().__init__(generator=torch.Generator())
        self.samples = list(samples)

    def draw(self, c: Tensor) -> Tensor:
        return self.samples.pop(0)


def search_of(optimizer: str, **search: Any) -> SearchSettings:
    return load({"optimizer": optimizer, "search": search}).search


def test_the_card_names_the_commit(golden: dict[str, Any]) -> None:
    for name in ("drnas", "drnas_progressive"):
        status = CARDS[name].status
        assert golden["repository"] in status and golden["commit"][:7] in status


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_gradient_at_the_sample(golden: dict[str, Any], dtype: torch.dtype) -> None:
    alpha = golden["alpha"].to(dtype).requires_grad_()
    relaxation = Replayed(golden["sample"][None])
    beta = relaxation(alpha, ONE.to(dtype))
    torch.testing.assert_close(beta.detach(), golden["sample"].to(dtype))
    upstream = golden["upstream"].to(dtype)
    (gradient,) = torch.autograd.grad(beta, alpha, upstream)
    torch.testing.assert_close(gradient, golden["sample_gradient"].to(dtype))
    forward, noise = relaxation.gradient_terms(alpha.detach(), ONE, upstream)
    torch.testing.assert_close(forward, gradient)
    assert not noise.any()


def test_anchor(golden: dict[str, Any]) -> None:
    alpha = golden["alpha"].clone().requires_grad_()
    (anchor,) = make_regularisers(search_of("drnas"), allowed=EVERYTHING, skip=1)
    assert isinstance(anchor, DirichletAnchor)
    penalty = anchor(alpha, golden["sample"])
    torch.testing.assert_close(penalty.detach(), golden["anchor"])
    (gradient,) = torch.autograd.grad(penalty, alpha)
    torch.testing.assert_close(gradient, golden["anchor_gradient"])


def test_two_steps_of_the_release(golden: dict[str, Any]) -> None:
    """Logits then weights, twice, with its optimizers, its clipping norm and its samples."""
    supernet = PlainSupernet(channels=2, cells=1, classes=5).double()
    parameters = in_their_order(supernet)
    before = golden["weights"].double()
    with torch.no_grad():
        for parameter, values in zip(parameters, parted(before, parameters), strict=True):
            parameter.copy_(values)
    search = search_of("drnas", grad_clip=0.3)
    logits = golden["step_alpha"].clone().requires_grad_()
    bilevel = make_bilevel(
        search,
        supernet=supernet,
        logits=logits,
        relaxation=Masked(
            relaxation=Replayed(golden["step_samples"]),
            allowed=EVERYTHING,
        ),
        regularisers=make_regularisers(search, allowed=EVERYTHING, skip=1),
    )
    val = (golden["val_images"][0].double(), golden["val_labels"][0])
    for step in range(2):
        train = (golden["train_images"][step].double(), golden["train_labels"][step])
        bilevel.step(train, val, ONE)
    torch.testing.assert_close(logits.detach(), golden["step_alpha_after"], rtol=0, atol=1e-12)
    moved = torch.cat([p.detach().reshape(-1) for p in parameters]) - before
    assert moved.abs().max() > 1e-3
    # The stored ones are float32.
    torch.testing.assert_close(moved, golden["weights_moved"].double(), rtol=1e-5, atol=1e-9)


def in_their_order(supernet: PlainSupernet) -> list[torch.nn.Parameter]:
    """Parameters in the order of the layers, the reductions between the stages."""
    parts = [supernet.stem, supernet.stages[0]]
    for stage, reduction in zip(supernet.stages[1:], supernet.reductions, strict=True):
        parts += [reduction, stage]
    return [parameter for part in [*parts, supernet.head] for parameter in part.parameters()]


def parted(values: Tensor, like: list[torch.nn.Parameter]) -> list[Tensor]:
    parts = values.split([parameter.numel() for parameter in like])
    return [part.reshape(p.shape) for part, p in zip(parts, like, strict=True)]


def test_pruning(golden: dict[str, Any]) -> None:
    kept = strongest(golden["alpha"], EVERYTHING, 3)
    assert torch.equal(kept, golden["kept"])
    torch.testing.assert_close(golden["alpha"].masked_fill(~kept, 0.0), golden["kept_alpha"])


def test_selection(golden: dict[str, Any]) -> None:
    assert argmax_ops(golden["alpha"]) == tuple(golden["whole_choice"].tolist())
    pruned = argmax_ops(golden["pruned_alpha"], golden["kept"])
    assert pruned == tuple(golden["pruned_choice"].tolist())
    assert 0 in pruned  # `none` may win


def test_learning_rates_of_both_parts(golden: dict[str, Any]) -> None:
    search = search_of("drnas_progressive")
    (stage,) = make_stages(search, seed=0, layout=SPACE.layout)
    rates = [
        stage.learning_rate(cosine_rate(search, epoch=epoch, step=0, steps=1), epoch)
        for epoch in range(100)
    ]
    torch.testing.assert_close(torch.tensor(rates, dtype=torch.float64), golden["rates"])
    assert rates[50] == pytest.approx(0.025)


def test_widening(golden: dict[str, Any]) -> None:
    indices = {"inputs": golden["in_index"], "outputs": golden["out_index"]}
    assert torch.equal(widen_convolution(golden["narrow"], **indices), golden["wide"])
    momentum = widen_convolution(golden["narrow_momentum"], **indices)
    assert torch.equal(momentum, golden["wide_momentum"])
    assert torch.equal(widen(golden["narrow_mean"], golden["out_index"]), golden["wide_mean"])
