"""Plain softmax at a temperature against autograd, and the entropy against SciPy."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats

from naslib_edd.relaxation import Softmax, entropy, mean_entropy


@pytest.mark.parametrize("t", [2.0, 1.0, 0.1, 0.01])
def test_softmax_by_gradcheck(t: float) -> None:
    generator = torch.Generator().manual_seed(1)
    logits = 0.02 * torch.randn(3, 5, generator=generator, dtype=torch.float64)
    logits.requires_grad_()
    tensor = torch.tensor(t, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda a: Softmax()(a, tensor), (logits,), eps=1e-6 * t, atol=1e-6, rtol=1e-6
    )
    shifted = (logits - logits.amax(-1, keepdim=True)).detach() / t
    by_hand = shifted.exp() / shifted.exp().sum(-1, keepdim=True)
    torch.testing.assert_close(Softmax()(logits, tensor).detach(), by_hand, rtol=1e-13, atol=0)


def test_softmax_terms() -> None:
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(6, 5, generator=generator, dtype=torch.float64).requires_grad_()
    grad = torch.randn(6, 5, generator=generator, dtype=torch.float64)
    t = torch.tensor(0.2, dtype=torch.float64)
    forward, noise = Softmax().gradient_terms(logits.detach(), t, grad)
    (found,) = torch.autograd.grad(Softmax()(logits, t), logits, grad)
    torch.testing.assert_close(forward, found, rtol=1e-12, atol=1e-14)
    assert noise.shape == forward.shape and not noise.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_softmax_of_low_precision_is_finite_at_a_tiny_temperature(dtype: torch.dtype) -> None:
    logits = torch.tensor([[0.3, 0.2999, -0.3, 0.0, 0.1], [60, 50, -60, 0, 0]], dtype=dtype)
    beta = Softmax()(logits.requires_grad_(), torch.tensor(1e-4))
    assert beta.dtype is torch.float32
    torch.testing.assert_close(beta.sum(-1), torch.ones(2))
    (grad,) = torch.autograd.grad(beta[:, 0].sum(), logits)
    assert grad.dtype is dtype and torch.isfinite(grad).all()


@pytest.mark.parametrize("size", [2, 5, 8])
def test_entropy_of_uniform_and_one_hot(size: int) -> None:
    uniform = torch.full((3, size), 1 / size, dtype=torch.float64)
    torch.testing.assert_close(
        entropy(uniform), torch.full((3,), math.log(size), dtype=torch.float64)
    )
    assert torch.equal(entropy(torch.eye(size)), torch.zeros(size))
    assert float(mean_entropy(torch.eye(size))) == 0


def test_entropy_against_scipy() -> None:
    generator = torch.Generator().manual_seed(3)
    for t in (1.0, 0.1, 1e-2, 1e-3):
        beta = torch.softmax(torch.randn(6, 5, generator=generator, dtype=torch.float64) / t, -1)
        wanted = stats.entropy(beta.numpy(), axis=1)
        torch.testing.assert_close(entropy(beta), torch.from_numpy(wanted), rtol=1e-12, atol=1e-15)
        assert float(mean_entropy(beta)) == pytest.approx(wanted.mean(), rel=1e-12)
