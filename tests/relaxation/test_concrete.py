"""The concrete relaxation (SNAS): its distribution, its limit and its gradient."""

from __future__ import annotations

import pytest
import torch

from naslib_edd.relaxation import Concrete


def _concrete(seed: int = 0) -> Concrete:
    return Concrete(generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("t", [1.0, 0.1])
def test_the_largest_entry_follows_softmax_at_any_t(t: float) -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0, -torch.inf]]).repeat(20_000, 1)
    beta = _concrete()(logits, torch.tensor(t))
    torch.testing.assert_close(beta.sum(-1), torch.ones(20_000))
    shares = beta.argmax(-1).bincount(minlength=4) / 20_000
    torch.testing.assert_close(shares, logits[0].softmax(-1), rtol=0, atol=0.015)
    assert not beta[:, 3].any()


def test_log_odds_are_logistic() -> None:
    """t·(log β_i − log β_j) − (a_i − a_j) is a difference of Gumbels: logistic, variance π²/3."""
    t, logits = torch.tensor(0.7), torch.tensor([[0.3, -0.4]]).repeat(50_000, 1)
    beta = _concrete()(logits, t).double()
    rest = t * (beta[:, 0].log() - beta[:, 1].log()) - 0.7
    assert float(rest.mean()) == pytest.approx(0, abs=0.03)
    assert float(rest.var()) == pytest.approx(torch.pi**2 / 3, rel=0.03)


def test_it_is_one_hot_at_a_small_temperature() -> None:
    beta = _concrete()(torch.randn(600, 5), torch.tensor(1e-4))
    assert (beta.max(-1).values > 0.999).float().mean() > 0.99


def test_gradient_terms_are_the_gradient() -> None:
    torch.manual_seed(0)
    logits = torch.randn(6, 5, dtype=torch.float64)
    logits[:, 1] = -torch.inf
    logits.requires_grad_()
    relaxation, t = _concrete(), torch.tensor(0.4, dtype=torch.float64)
    beta, g = relaxation(logits, t), torch.randn(6, 5, dtype=torch.float64)
    (found,) = torch.autograd.grad(beta, logits, g)
    forward, noise = relaxation.gradient_terms(logits.detach(), t, g)
    torch.testing.assert_close(forward, found, rtol=1e-9, atol=1e-12)
    assert not noise.any() and not found[:, 1].any()


def test_the_generator_is_its_state() -> None:
    one, two, t, logits = _concrete(3), _concrete(), torch.tensor(1.0), torch.zeros(6, 5)
    one(logits, t)
    two.load_state_dict(one.state_dict())
    assert torch.equal(one(logits, t), two(logits, t))
    assert torch.equal(one.quiet(logits, t), one.expected(logits, t))
