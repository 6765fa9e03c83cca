"""What sn-softmax takes: s and t in range, numbers or tensors, any precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from naslib_edd.errors import UserError
from naslib_edd.relaxation import SnSoftmax, gradient_terms, sn_softmax
from naslib_edd.relaxation.sn_softmax import Scale


def draw(scale: float = 0.02) -> Tensor:
    """Logits [6, 5] in float64 that want a gradient."""
    generator = torch.Generator().manual_seed(0)
    return (scale * torch.randn(6, 5, generator=generator, dtype=torch.float64)).requires_grad_()


@pytest.mark.parametrize("s", [1, 1.0, 0.5, 0, -2, float("nan"), True, "100", "Unit", None])
def test_scale_not_above_one_is_refused(s: object) -> None:
    logits = draw()
    with pytest.raises(UserError, match="s above 1"):
        sn_softmax(logits, 0.5, s)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="s above 1"):
        SnSoftmax(s=s)  # type: ignore[arg-type]


@pytest.mark.parametrize("t", [0, 0.0, -1e-3, float("nan")])
def test_temperature_not_above_zero_is_refused(t: float) -> None:
    with pytest.raises(UserError, match="must be above 0"):
        sn_softmax(draw(), t)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("scale", [1e-3, 0.3, 30.0])
@pytest.mark.parametrize("s", ["unit", 100.0])
def test_tiny_temperature_in_low_precision(dtype: torch.dtype, scale: float, s: Scale) -> None:
    logits = draw(scale).detach().to(dtype).requires_grad_()
    beta = sn_softmax(logits, 1e-4, s)
    assert beta.dtype is torch.float32
    assert torch.isfinite(beta).all() and (beta >= 0).all()
    torch.testing.assert_close(beta.sum(-1), torch.ones(6))
    exact = torch.softmax(logits.detach().double() / 1e-4, -1)
    torch.testing.assert_close(beta.detach().double(), exact, rtol=2e-3, atol=1e-6)
    (found,) = torch.autograd.grad(beta, logits, torch.ones_like(beta).cumsum(-1))
    assert found.dtype is dtype and torch.isfinite(found).all()


def test_temperature_as_tensor_or_number() -> None:
    for dtype in (torch.float32, torch.float64):
        logits = draw().detach().to(dtype).requires_grad_()
        results = []
        for t in (0.0123, torch.tensor(0.0123, dtype=dtype)):
            beta = sn_softmax(logits, t, 100.0)
            (grad,) = torch.autograd.grad(beta.pow(2).sum(), logits)
            results.append((beta, grad))
        assert torch.equal(results[0][0], results[1][0])
        assert torch.equal(results[0][1], results[1][1])


def test_temperature_gets_no_gradient() -> None:
    logits = draw()
    t = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    sn_softmax(logits, t).pow(2).sum().backward()
    assert t.grad is None and logits.grad is not None


def test_noise_weight() -> None:
    logits = draw()
    grad = torch.linspace(-1, 2, 30, dtype=torch.float64).reshape(6, 5).cos()
    forward, noise = gradient_terms(logits.detach(), 0.1, "unit", grad)
    for weight in (0.0, 0.25, torch.tensor(2.0)):
        beta = sn_softmax(logits, 0.1, noise_weight=weight)
        (found,) = torch.autograd.grad(beta, logits, grad)
        torch.testing.assert_close(found, forward + float(weight) * noise, rtol=1e-11, atol=1e-13)
