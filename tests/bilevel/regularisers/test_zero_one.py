"""Zero-one loss against the release: its criterion, gradient, and three steps of its Architect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from naslib_edd.bilevel.regularisers import ZeroOne
from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_bilevel, make_regularisers, make_relaxation
from naslib_edd.errors import UserError

T = torch.ones((), dtype=torch.float64)


@pytest.fixture(scope="module")
def golden() -> Any:
    return np.load(Path(__file__).parents[2] / "golden" / "fair_darts.npz")


class Linear(nn.Module):
    """The stand-in of tests/golden/make/fair_darts.py: scores are linear in the gates."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, features: Tensor, beta: Tensor) -> Tensor:
        out: Tensor = (features * beta.reshape(-1)) @ self.weights
        return out


def test_three_logit_steps_are_the_release_s(golden: Any) -> None:
    """The preset's own parts: gates, loss and its weight, Adam."""
    search = load({"optimizer": "fair_darts"}).search
    assert search.zero_one == golden["weight"]
    logits = torch.tensor(golden["logits"]).requires_grad_()
    allowed = torch.ones(logits.shape, dtype=torch.bool)
    relaxation = make_relaxation(search, allowed=allowed)
    regularisers = make_regularisers(search, allowed=allowed, skip=1)
    bilevel = make_bilevel(
        search,
        supernet=Linear(torch.tensor(golden["weights"])),
        logits=logits,
        relaxation=relaxation,
        regularisers=regularisers,
    )
    batch = torch.tensor(golden["features"]), torch.tensor(golden["labels"])
    for number in range(len(golden["after"])):
        bilevel.meters.reset()
        (zero_one,) = (regulariser(logits, relaxation(logits, T)) for regulariser in regularisers)
        assert zero_one.item() == pytest.approx(10 * golden["zero_one"][number], rel=1e-9)
        bilevel.step_logits(batch, batch, T)
        bilevel.meters.steps = 1
        assert bilevel.meters.means()["val_loss"] == pytest.approx(golden["loss"][number], rel=1e-9)
        assert logits.grad is not None
        np.testing.assert_allclose(logits.grad, golden["of_both"][number], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(logits.detach(), golden["after"][number], rtol=1e-9, atol=1e-12)


def test_its_gradient_pushes_away_from_one_half() -> None:
    allowed = torch.ones(2, 3, dtype=torch.bool)
    beta = torch.tensor([[0.2, 0.5, 0.9], [0.0, 1.0, 0.6]], dtype=torch.float64).requires_grad_()
    loss = ZeroOne(weight=4.0, allowed=allowed)(torch.empty(0), beta)
    assert loss.item() == pytest.approx(-4 * (0.09 + 0 + 0.16 + 0.25 + 0.25 + 0.01) / 6)
    (grad,) = torch.autograd.grad(loss, beta)
    torch.testing.assert_close(grad, -8 / 6 * (beta.detach() - 0.5))


def test_what_is_ruled_out_and_edge_weights_take_no_part() -> None:
    allowed = torch.ones(2, 3, dtype=torch.bool)
    allowed[0, 0] = False
    beta = torch.tensor([[0.0, 0.5, 0.9, 0.7], [0.0, 1.0, 0.6, 0.3]]).double().requires_grad_()
    loss = ZeroOne(weight=1.0, allowed=allowed)(torch.empty(0), beta)
    assert loss.item() == pytest.approx(-(0 + 0.16 + 0.25 + 0.25 + 0.01) / 5)
    (grad,) = torch.autograd.grad(loss, beta)
    assert grad[0, 0] == 0 and not grad[:, 3].any() and grad[0, 2] != 0


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"relaxation": "gumbel"}, "weights of a sample are 0 or 1 already"),
        ({"relaxation": "sn_gumbel"}, "weights of a sample are 0 or 1 already"),
        ({"auxiliary_skip": 1.0}, "the other adds to it"),
    ],
)
def test_what_it_does_not_go_with(other: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        load({"search": {"zero_one": 10.0, **other}})
