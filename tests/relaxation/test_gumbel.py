"""The Gumbel sample: one-hot forward, soft backward, all randomness from its generator."""

from __future__ import annotations

import pytest
import torch

from naslib_edd.errors import UserError
from naslib_edd.relaxation import Gumbel


def make(seed: int = 0, s: float | str | None = None) -> Gumbel:
    return Gumbel(generator=torch.Generator().manual_seed(seed), s=s)  # type: ignore[arg-type]


def draw(rows: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    logits = 0.5 * torch.randn(rows, 5, generator=generator, dtype=torch.float64)
    return logits.requires_grad_(), torch.randn(rows, 5, generator=generator, dtype=torch.float64)


def noise_of(seed: int, shape: tuple[int, int]) -> torch.Tensor:
    exponential = torch.empty(shape).exponential_(generator=torch.Generator().manual_seed(seed))
    return -exponential.log().double()


@pytest.mark.parametrize("s", [None, "unit", 100.0])
@pytest.mark.parametrize("t", [10.0, 1.0, 0.1])
def test_backward_is_the_soft_ones(t: float, s: float | str | None) -> None:
    logits, grad = draw()
    temperature = torch.tensor(t, dtype=torch.float64)
    relaxation = make(5, s)
    beta = relaxation(logits, temperature)
    assert set(beta.detach().unique().tolist()) == {0.0, 1.0}
    assert torch.equal(beta.detach().sum(-1), torch.ones(6, dtype=torch.float64))
    (found,) = torch.autograd.grad(beta, logits, grad)

    # The slow twin, written out: GDAS' sample, and eq. 8's second term where s is given.
    perturbed = logits.log_softmax(-1) + noise_of(5, (6, 5))
    assert torch.equal(beta.argmax(-1), perturbed.argmax(-1))
    twin = torch.softmax(perturbed / t, -1)
    if s is not None:
        twin = twin + torch.softmax(perturbed / (1.0 if s == "unit" else s * t), -1)
    (wanted,) = torch.autograd.grad(twin, logits, grad)
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-12)
    forward, noise = relaxation.gradient_terms(logits.detach(), temperature, grad)
    torch.testing.assert_close(forward + noise, wanted, rtol=1e-10, atol=1e-12)
    assert (noise == 0).all() == (s is None)


def test_samples_follow_the_softmax() -> None:
    logits = torch.tensor([[1.0, 0.0, -1.0]]).expand(20000, 3)
    shares = make(1)(logits, torch.tensor(0.5)).mean(0)
    torch.testing.assert_close(shares, logits[0].softmax(-1), atol=0.015, rtol=0)


def test_only_its_generator_is_drawn_from() -> None:
    logits, t = draw()[0].detach(), torch.tensor(1.0)
    before = torch.get_rng_state()
    one, other = make(7), make(7)
    first = [one(logits, t) for _ in range(3)]
    assert torch.equal(torch.get_rng_state(), before)
    other(logits, t)
    state = other.state_dict()
    second = other(logits, t)
    assert torch.equal(first[1], second)
    assert not torch.equal(torch.stack(first).mean(0), first[0])  # the samples differ
    other.load_state_dict(state)
    assert torch.equal(other(logits, t), second)


def test_quiet_is_the_most_likely_and_draws_nothing() -> None:
    relaxation, logits = make(), draw()[0]
    before = relaxation.state_dict()["generator"]
    assert torch.equal(relaxation.quiet(logits, torch.tensor(1.0)).argmax(-1), logits.argmax(-1))
    assert torch.equal(relaxation.state_dict()["generator"], before)


def test_a_wrong_scale_is_refused() -> None:
    with pytest.raises(UserError, match="s above 1"):
        make(s=0.5)
