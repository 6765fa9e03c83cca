"""Ordered sampling: rounds without repetition, their law, GDAS' gradient, resuming."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from naslib_edd.relaxation import Masked, Ordered
from naslib_edd.relaxation.softmax import softmax_at

T = torch.tensor(0.5, dtype=torch.float64)


def ordered(seed: int = 0, streams: int = 2) -> Ordered:
    return Ordered(generator=torch.Generator().manual_seed(seed), streams=streams)


def logits_of(edges: int = 6) -> Tensor:
    random = torch.Generator().manual_seed(1)
    return torch.randn(edges, 5, dtype=torch.float64, generator=random)


@pytest.mark.parametrize("streams", [1, 2])
def test_each_operation_comes_once_in_a_round_of_each_stream(streams: int) -> None:
    relaxation, logits = ordered(streams=streams), logits_of()
    drawn = torch.stack([relaxation(logits, T) for _ in range(15 * streams)])
    assert set(drawn.unique().tolist()) == {0.0, 1.0} and (drawn.sum(-1) == 1).all()
    for stream in range(streams):
        rounds = drawn[stream::streams].reshape(3, 5, 6, 5)
        assert (rounds.sum(1) == 1).all()


def test_the_first_of_a_round_has_the_softmax_s_probability() -> None:
    logits = logits_of(1)
    first = ordered(streams=1)(logits.expand(20000, 5).clone(), T).mean(0)
    probability = logits.softmax(-1)[0]
    error = (probability * (1 - probability) / 20000).sqrt()
    assert ((first - probability).abs() < 4.5 * error).all()


def test_gradient_is_softmax_s_at_the_noise_of_the_round() -> None:
    relaxation, logits = ordered(), logits_of()
    grad = logits.cos()
    for _ in range(7):
        leaf = logits.clone().requires_grad_()
        (found,) = torch.autograd.grad(relaxation(leaf, T), leaf, grad)
        assert relaxation._last is not None
        twin = logits.clone().requires_grad_()
        soft = softmax_at(twin.log_softmax(-1) + relaxation._last, T)
        (expected,) = torch.autograd.grad(soft, twin, grad)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(relaxation.gradient_terms(logits, T, grad)[0], found)


def test_what_is_ruled_out_in_a_round_is_not_drawn() -> None:
    logits, allowed = logits_of(), torch.ones(6, 5, dtype=torch.bool)
    masked = Masked(relaxation=ordered(streams=1), allowed=allowed)
    masked(logits, T)
    allowed[:, 1:3] = False
    leaf = logits.clone().requires_grad_()
    drawn = [masked(leaf, T) for _ in range(12)]
    assert not torch.stack(drawn)[..., 1:3].any()
    later = torch.stack([beta.detach() for beta in drawn[-9:]]).sum(0)
    assert (later[:, [0, 3, 4]] >= 2).all()
    (gradient,) = torch.autograd.grad(drawn[-1], leaf, logits)
    assert gradient.isfinite().all() and not gradient[:, 1:3].any()


def test_a_state_goes_on_inside_a_round() -> None:
    first, logits = ordered(seed=3), logits_of()
    for _ in range(5):
        first(logits, T)
    state = {k: v.clone() if isinstance(v, Tensor) else v for k, v in first.state_dict().items()}
    expected = [first(logits, T) for _ in range(12)]
    other = ordered(seed=4)
    other.load_state_dict(state)
    assert all(torch.equal(beta, other(logits, T)) for beta in expected)
    fresh = ordered(seed=3)
    fresh.load_state_dict(ordered(seed=3).state_dict())
    assert torch.equal(fresh(logits, T), ordered(seed=3)(logits, T))


def test_terms_need_a_sample_and_quiet_draws_nothing() -> None:
    relaxation, logits = ordered(), logits_of()
    with pytest.raises(RuntimeError, match="no sample was drawn yet"):
        relaxation.gradient_terms(logits, T, logits)
    assert torch.equal(relaxation.quiet(logits, T).argmax(-1), logits.argmax(-1))
    torch.testing.assert_close(relaxation.expected(logits, T), torch.softmax(logits / T, -1))
    assert relaxation.sampled
