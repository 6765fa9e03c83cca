"""Sparse-noisy softmax against autograd: a slow twin, numeric Jacobians, and its own terms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from naslib_edd.relaxation import SnSoftmax, gradient_terms, sn_softmax
from naslib_edd.relaxation.sn_softmax import Scale

Case = tuple[float, Scale]
CASES: list[Case] = [
    (1.0, "unit"),
    (0.3, "unit"),
    (0.01, "unit"),
    (4.0, "unit"),
    (1.0, 100.0),
    (0.3, 100),
    (0.01, 100.0),
    (0.05, 1.5),
]
TIGHT = {"rtol": 1e-11, "atol": 1e-13}


def noise_temperature(t: float, s: Scale) -> float:
    return 1.0 if s == "unit" else s * t


def twin(logits: Tensor, t: float, s: Scale) -> Tensor:
    """softmax(A/t) in value; autograd adds the gradient of softmax(A/st): eq. 8."""
    noisy = torch.softmax(logits / noise_temperature(t, s), -1)
    return torch.softmax(logits / t, -1) + noisy - noisy.detach()


def draw(seed: int = 0, scale: float = 0.02, rows: int = 6) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(rows, 5, generator=generator, dtype=torch.float64)
    return logits.requires_grad_(), torch.randn(rows, 5, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(("t", "s"), CASES)
def test_equals_the_slow_twin(t: float, s: Scale) -> None:
    logits, grad = draw()
    ours, slow = sn_softmax(logits, t, s), twin(logits, t, s)
    torch.testing.assert_close(ours, torch.softmax(logits / t, -1), rtol=0, atol=0)
    (found,) = torch.autograd.grad(ours, logits, grad)
    (wanted,) = torch.autograd.grad(slow, logits, grad)
    torch.testing.assert_close(found, wanted, **TIGHT)
    # The noise is really there: the plain gradient is another.
    (plain,) = torch.autograd.grad(torch.softmax(logits / t, -1), logits, grad)
    assert (found - plain).abs().max() > 1e-4


@pytest.mark.parametrize(("t", "s"), CASES)
def test_backward_is_two_numeric_jacobians(t: float, s: Scale) -> None:
    logits, grad = draw(rows=1)

    def numeric(temperature: float) -> Tensor:
        """The product of g with the central-difference Jacobian of softmax(A / temperature)."""
        step = 1e-5 * temperature
        rows = []
        for entry in range(logits.numel()):
            shift = torch.zeros_like(logits)
            shift[0, entry] = step
            ahead = torch.softmax((logits + shift) / temperature, -1)
            behind = torch.softmax((logits - shift) / temperature, -1)
            rows.append(((ahead - behind) / (2 * step) * grad).sum())
        return torch.stack(rows).detach()[None]

    (found,) = torch.autograd.grad(sn_softmax(logits, t, s), logits, grad)
    wanted = numeric(t) + numeric(noise_temperature(t, s))
    torch.testing.assert_close(found, wanted, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(("t", "s"), CASES)
def test_second_derivative(t: float, s: Scale) -> None:
    logits, grad = draw(rows=2)
    grad.requires_grad_()
    assert torch.autograd.gradgradcheck(
        lambda a: sn_softmax(a, t, s), (logits,), (grad,), eps=1e-6 * t, rtol=1e-5, atol=1e-5
    )

    def third_power(function: Callable[..., Tensor]) -> tuple[Tensor, ...]:
        """Derivatives by A and g of a nonlinear scalar of the first gradient."""
        (first,) = torch.autograd.grad(
            function(logits, t, s).pow(2), logits, grad, create_graph=True
        )
        return torch.autograd.grad(first.pow(3).sum(), (logits, grad))

    for found, wanted in zip(third_power(sn_softmax), third_power(twin), strict=True):
        assert wanted.abs().max() > 0
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9 * float(wanted.abs().max()))


@pytest.mark.parametrize("t", [2.0, 1.0, 0.4, 0.03, 1e-3])
def test_unit_keeps_the_noise_at_temperature_one(t: float) -> None:
    logits, grad = draw()
    _, noise = gradient_terms(logits.detach(), t, "unit", grad)
    (at_one,) = torch.autograd.grad(torch.softmax(logits, -1), logits, grad)
    torch.testing.assert_close(noise, at_one, **TIGHT)
    if t < 1:  # s = 1/t says the same
        _, by_number = gradient_terms(logits.detach(), t, 1 / t, grad)
        torch.testing.assert_close(noise, by_number, **TIGHT)


def test_unit_terms_are_equal_at_one() -> None:
    logits, grad = draw()
    forward, noise = gradient_terms(logits.detach(), 1.0, "unit", grad)
    assert torch.equal(forward, noise)
    (found,) = torch.autograd.grad(sn_softmax(logits, 1.0), logits, grad)
    (plain,) = torch.autograd.grad(torch.softmax(logits, -1), logits, grad)
    torch.testing.assert_close(found, 2 * plain, **TIGHT)


@hypothesis_settings(max_examples=60)
@given(
    logits=arrays(np.float64, (3, 5), elements=st.floats(-2, 2)),
    grad=arrays(np.float64, (3, 5), elements=st.floats(-10, 10)),
    t=st.floats(1e-4, 10),
    s=st.one_of(st.just("unit"), st.floats(1.001, 1e4)),
)
def test_the_terms_add_up_to_the_gradient(
    logits: np.ndarray, grad: np.ndarray, t: float, s: Scale
) -> None:
    a, g = torch.from_numpy(logits).requires_grad_(), torch.from_numpy(grad)
    for relaxation in (SnSoftmax(s=s), SnSoftmax(s=s, noise_at_one=False)):
        tensor = torch.tensor(t, dtype=torch.float64)
        beta = relaxation(a, tensor)
        (found,) = torch.autograd.grad(beta, a, g)
        forward, noise = relaxation.gradient_terms(a.detach(), tensor, g)
        assert torch.isfinite(found).all()
        torch.testing.assert_close(found, forward + noise, **TIGHT)
        # A softmax does not see a constant added to a row: each term's rows add up to nothing.
        for term in (forward, noise):
            limit = 1e-12 * float(1 + g.abs().max()) / min(t, 1.0)
            assert float(term.sum(-1).abs().max()) <= limit


def test_signs_of_the_terms_may_differ() -> None:
    # Eq. 9 by hand: at small t β is (1, 0, 0), so g of the second falls short of <β, g> = 1; at a
    # uniform β it is above <β, g> = 1.6/3.
    logits = torch.tensor([[0.01, 0.0, 0.0]], dtype=torch.float64)
    grad = torch.tensor([[1.0, 0.6, 0.0]], dtype=torch.float64)
    forward, noise = gradient_terms(logits, 0.003, "unit", grad)
    assert forward[0, 1] < 0 < noise[0, 1]
    # And once the first has saturated, the noise still has a direction.
    forward, noise = gradient_terms(logits, 1e-5, "unit", grad)
    assert forward.abs().max() == 0 and noise.abs().min() > 0.02


def test_no_noise_at_one() -> None:
    logits, grad = draw()
    release, paper = SnSoftmax(noise_at_one=False), SnSoftmax()
    one = torch.tensor(1.0)
    (found,) = torch.autograd.grad(release(logits, one), logits, grad)
    (plain,) = torch.autograd.grad(torch.softmax(logits, -1), logits, grad)
    torch.testing.assert_close(found, plain, **TIGHT)
    assert not release.gradient_terms(logits.detach(), one, grad)[1].any()
    assert paper.gradient_terms(logits.detach(), one, grad)[1].abs().min() > 0
    for value in (0.999999, 1.000001, 0.01, 3.0):
        t = torch.tensor(value)
        (with_noise,) = torch.autograd.grad(release(logits, t), logits, grad)
        (of_paper,) = torch.autograd.grad(paper(logits, t), logits, grad)
        assert torch.equal(with_noise, of_paper)
        (of_twin,) = torch.autograd.grad(twin(logits, float(t), "unit"), logits, grad)
        torch.testing.assert_close(with_noise, of_twin, **TIGHT)


def test_torch_func() -> None:
    logits, grad = draw()
    logits = logits.detach()
    for t, s in CASES:

        def loss(a: Tensor, function: Callable[..., Tensor], t: float = t, s: Scale = s) -> Tensor:
            return function(a, t, s).pow(3).sum()

        value, pull = torch.func.vjp(lambda a, t=t, s=s: sn_softmax(a, t, s), logits)
        slow_value, slow_pull = torch.func.vjp(lambda a, t=t, s=s: twin(a, t, s), logits)
        torch.testing.assert_close(value, slow_value, **TIGHT)
        torch.testing.assert_close(pull(grad)[0], slow_pull(grad)[0], **TIGHT)
        # A row at a time is the same as all rows at once.
        rows = torch.func.vmap(lambda a, t=t, s=s: sn_softmax(a, t, s))(logits)
        torch.testing.assert_close(rows, value, **TIGHT)
        by_row = torch.func.vmap(torch.func.grad(loss), in_dims=(0, None))(logits, sn_softmax)
        torch.testing.assert_close(by_row, torch.func.grad(loss)(logits, twin), **TIGHT)


def test_vmap_over_temperatures() -> None:
    logits = draw()[0].detach()
    temperatures = torch.tensor([1.0, 0.1, 0.01], dtype=torch.float64)

    def gradient(t: Tensor) -> Tensor:
        return torch.func.grad(lambda a: sn_softmax(a, t).pow(2).sum())(logits)

    found = torch.func.vmap(gradient)(temperatures)
    wanted = torch.stack([gradient(t) for t in temperatures])
    torch.testing.assert_close(found, wanted, **TIGHT)
