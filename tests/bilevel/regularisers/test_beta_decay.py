"""Beta-Decay against the release: its loss, its gradient, three steps of its Architect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_edd.bilevel.regularisers import BetaDecay
from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_bilevel, make_regularisers, make_relaxation
from naslib_edd.selection import argmax_ops
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain
from naslib_edd.supernet.base import Supernet

ALL = torch.ones(6, 5, dtype=torch.bool)
T = torch.ones((), dtype=torch.float64)


@pytest.fixture(scope="module")
def golden() -> Any:
    return np.load(Path(__file__).parents[2] / "golden" / "beta_darts.npz")


def network(golden: Any, kind: str) -> Supernet:
    plain = PlainSupernet(channels=2, cells=1, classes=3)
    weights = {
        name.removeprefix("weight."): torch.tensor(golden[name])
        for name in golden.files
        if name.startswith("weight.")
    }
    assert weights.keys() == dict(plain.named_parameters()).keys()
    plain.load_state_dict(weights, strict=False)  # statistics are as at the start
    fast = FastSupernet(channels=2, cells=1, classes=3)
    return (plain if kind == "plain" else copy_from_plain(fast, plain)).double()


def test_loss_and_gradient_are_the_release_s(golden: Any) -> None:
    before = [golden["logits"], *golden["after"][:-1]]
    for number, logits in enumerate(before):
        leaf = torch.tensor(logits).requires_grad_()
        decay = BetaDecay(weight=1.0, epochs=1, allowed=ALL)
        decay.begin_epoch(1)
        loss = decay(leaf, torch.empty(0))
        assert loss.item() == pytest.approx(golden["loss"][number], rel=1e-12)
        (grad,) = torch.autograd.grad(loss, leaf)
        np.testing.assert_allclose(grad, golden["of_loss"][number], rtol=1e-12)


@pytest.mark.parametrize("kind", ["plain", "fast"])
def test_the_logit_step_is_the_release_s(golden: Any, kind: str) -> None:
    """The preset's own parts: relaxation, regulariser, Adam, weights of the loss by epoch."""
    search = load({"optimizer": "beta_darts"}).search
    logits = torch.tensor(golden["logits"]).requires_grad_()
    relaxation = make_relaxation(search, allowed=ALL)
    np.testing.assert_allclose(relaxation(logits, T).detach(), golden["beta"], rtol=1e-12)
    regularisers = make_regularisers(search, allowed=ALL, skip=1)
    bilevel = make_bilevel(
        search,
        supernet=network(golden, kind),
        logits=logits,
        relaxation=relaxation,
        regularisers=regularisers,
    )
    batch = torch.tensor(golden["images"]), torch.tensor(golden["labels"])
    for number, epoch in enumerate(golden["epochs"].tolist()):
        for regulariser in regularisers:
            regulariser.begin_epoch(epoch)
        bilevel.step_logits(batch, batch, T)
        assert logits.grad is not None
        np.testing.assert_allclose(logits.grad, golden["of_both"][number], rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(logits.detach(), golden["after"][number], rtol=1e-8, atol=1e-10)
    assert argmax_ops(logits.detach(), ALL) == tuple(golden["chosen"].tolist())


def test_the_weight_rises_to_its_last() -> None:
    decay = BetaDecay(weight=50.0, epochs=20, allowed=ALL)
    weights = []
    for epoch in (0, 1, 10, 19, 20, 33):
        decay.begin_epoch(epoch)
        weights.append(decay.weight)
    assert weights == pytest.approx([0, 2.5, 25, 47.5, 50, 50])


def test_what_is_ruled_out_and_edge_weights_take_no_part() -> None:
    allowed = ALL.clone()
    allowed[0, 0] = allowed[3, 2:] = False
    decay = BetaDecay(weight=3.0, epochs=1, allowed=allowed)
    decay.begin_epoch(1)
    leaf = torch.randn(6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    leaf.requires_grad_()
    loss = decay(leaf, torch.empty(0))
    rows = [torch.log(leaf[e, :5][allowed[e]].exp().sum()) for e in range(6)]
    torch.testing.assert_close(loss, 3 * sum(rows) / 6)
    (grad,) = torch.autograd.grad(loss, leaf)
    assert not grad[:, :5][~allowed].any() and not grad[:, 5].any() and grad[:, :5][allowed].all()
    # Rows of the gradient sum to weight / edges: it is a softmax.
    torch.testing.assert_close(grad.sum(1), torch.full((6,), 0.5, dtype=torch.float64))
    # The mask is held: who changes it changes the loss.
    allowed[:, 1:] = False
    allowed[:, 0] = True
    torch.testing.assert_close(decay(leaf, torch.empty(0)), 3 * leaf[:, 0].mean())
