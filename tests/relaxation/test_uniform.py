"""Uniform samples: one-hot, of what is allowed, whatever the logits say."""

from __future__ import annotations

import math

import pytest
import torch

from naslib_edd.relaxation import Masked, Uniform, mean_entropy

T = torch.tensor(1.0)


def make(seed: int = 0) -> Uniform:
    return Uniform(generator=torch.Generator().manual_seed(seed))


def test_each_operation_is_as_likely_whatever_the_logits() -> None:
    logits = torch.tensor([[9.0, 0.0, -9.0, 1.0, 2.0]]).expand(20000, 5)
    beta = make()(logits, T)
    assert set(beta.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(beta.sum(-1), torch.ones(20000))
    torch.testing.assert_close(beta.mean(0), torch.full((5,), 0.2), atol=0.01, rtol=0)


def test_what_is_ruled_out_is_never_drawn() -> None:
    allowed = torch.tensor([[False, True, True, False, True]]).expand(6, 5)
    relaxation = Masked(relaxation=make(), allowed=allowed)
    logits = torch.randn(6, 5)
    total = sum(relaxation(logits, T) for _ in range(300))
    assert isinstance(total, torch.Tensor)
    assert (total[~allowed] == 0).all() and (total[allowed] > 50).all()
    assert float(mean_entropy(relaxation.expected(logits, T))) == pytest.approx(math.log(3))


def test_nothing_reaches_the_logits_and_entropy_is_finite() -> None:
    logits = torch.randn(6, 5).requires_grad_()
    relaxation = make()
    assert not relaxation(logits, T).requires_grad
    assert float(mean_entropy(relaxation.expected(logits, T))) == pytest.approx(math.log(5))
    assert not any(term.any() for term in relaxation.gradient_terms(logits, T, torch.ones(6, 5)))


def test_only_its_generator_is_drawn_from_and_it_resumes() -> None:
    logits, before = torch.randn(6, 5), torch.get_rng_state()
    one, other = make(3), make(3)
    first = [one(logits, T) for _ in range(4)]
    assert torch.equal(torch.get_rng_state(), before)
    state = one.state_dict()
    last = one(logits, T)
    other.load_state_dict(state)
    assert torch.equal(other(logits, T), last)
    assert not all(torch.equal(first[0], sample) for sample in first)
