"""Gates: against FairDARTS' own code, autograd, and at the smallest temperatures."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from naslib_edd.relaxation import Masked, Sigmoid, entropy

GOLDEN = Path(__file__).parents[1] / "golden" / "fair_darts.npz"


def logits() -> torch.Tensor:
    return torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_the_mixed_operation_is_the_release_s() -> None:
    golden = np.load(GOLDEN)
    one = torch.ones((), dtype=torch.float64)
    (beta,) = Sigmoid()(torch.tensor(golden["mixed_logits"])[None], one)
    out = (beta[:, None, None, None, None] * torch.tensor(golden["mixed_operations"])).sum(0)
    np.testing.assert_allclose(out, golden["mixed_out"], rtol=1e-12, atol=1e-13)


def test_each_gate_is_alone() -> None:
    t = torch.tensor(0.5, dtype=torch.float64)
    before, changed = logits(), logits()
    changed[2, 3] += 1
    moved = Sigmoid()(changed, t) != Sigmoid()(before, t)
    assert moved.sum() == 1 and moved[2, 3]
    assert Sigmoid()(before, t)[0, 0] == pytest.approx(
        1 / (1 + math.exp(-float(before[0, 0]) / 0.5))
    )


@pytest.mark.parametrize("t", [1.0, 0.1])
def test_terms_are_the_gradient(t: float) -> None:
    at, leaf = torch.tensor(t, dtype=torch.float64), logits().requires_grad_()
    grad = torch.ones(6, 5, dtype=torch.float64).cumsum(1)
    (wanted,) = torch.autograd.grad(Sigmoid()(leaf, at), leaf, grad)
    forward, noise = Sigmoid().gradient_terms(leaf.detach(), at, grad)
    torch.testing.assert_close(forward, wanted)
    assert not noise.any()
    assert torch.autograd.gradcheck(lambda x: Sigmoid()(x, at), leaf)


def test_expected_is_a_distribution_at_any_temperature() -> None:
    one = torch.ones((), dtype=torch.float64)
    gates = Sigmoid()(logits(), one)
    rows = Sigmoid().expected(logits(), one)
    torch.testing.assert_close(rows, gates / gates.sum(1, keepdim=True))
    # Every gate of a row 0 in floating point: no division by zero.
    cold = Sigmoid().expected(-1 - logits().abs().float(), torch.tensor(1e-4))
    assert torch.isfinite(cold).all()
    torch.testing.assert_close(cold.sum(1), torch.ones(6))
    # n open gates: log n.
    gates = torch.tensor([[9.0, 9.0, -9.0, 9.0, -9.0], [-9.0, 9.0, -9.0, -9.0, -9.0]])
    found = entropy(Sigmoid().expected(gates, torch.tensor(0.01)))
    torch.testing.assert_close(found, torch.tensor([math.log(3), 0.0]))


def test_a_mask_closes_gates_without_a_gradient() -> None:
    allowed = torch.ones(6, 5, dtype=torch.bool)
    allowed[:, 0] = False
    masked, leaf = Masked(relaxation=Sigmoid(), allowed=allowed), logits().requires_grad_()
    one = torch.ones((), dtype=torch.float64)
    beta = masked(leaf, one)
    (grad,) = torch.autograd.grad(beta.sum(), leaf)
    assert not beta[:, 0].any() and not grad[:, 0].any()
    assert torch.equal(beta[:, 1:], torch.sigmoid(leaf[:, 1:])) and grad[:, 1:].all()
    rows = masked.expected(leaf.detach(), one)
    torch.testing.assert_close(rows.sum(1), torch.ones(6, dtype=torch.float64))
    assert not rows[:, 0].any()
