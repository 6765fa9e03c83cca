"""The fast average pool against PyTorch's own."""

from __future__ import annotations

import pytest
import torch

from naslib_edd.supernet.layers import average_pool
from naslib_edd.supernet.pool import fast_average_pool


@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (1, 5, 4, 7), (3, 1, 1, 1), (2, 2, 2, 1)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_values_and_gradient_equal_the_pool(
    shape: tuple[int, ...], layout: torch.memory_format
) -> None:
    x = torch.randn(shape, dtype=torch.float64).contiguous(memory_format=layout)
    x.requires_grad_()
    fast, slow = fast_average_pool(x), average_pool(x)
    torch.testing.assert_close(fast, slow, rtol=1e-12, atol=1e-13)
    weight = torch.randn(shape, dtype=torch.float64)
    (of_fast,) = torch.autograd.grad((fast * weight).sum(), x)
    (of_slow,) = torch.autograd.grad((slow * weight).sum(), x)
    torch.testing.assert_close(of_fast, of_slow, rtol=1e-12, atol=1e-13)


def test_single_precision_rounds_alike() -> None:
    x = torch.randn(4, 16, 32, 32)
    torch.testing.assert_close(fast_average_pool(x), average_pool(x), rtol=1e-5, atol=1e-6)


def test_first_use_in_inference_mode_does_not_spoil_the_next() -> None:
    x = torch.randn(1, 7, 13, 11)  # a size no other test uses: nothing is kept for it yet
    with torch.inference_mode():
        fast_average_pool(x)
    fast_average_pool(x.requires_grad_()).sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_differentiated_twice(layout: torch.memory_format) -> None:
    """For the Hessian of an early stop; channels-last is the C++ kernels', where they are."""
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x = x.contiguous(memory_format=layout).requires_grad_()
    assert torch.autograd.gradcheck(fast_average_pool, x)
    assert torch.autograd.gradgradcheck(fast_average_pool, x)
    (gradient,) = torch.autograd.grad(fast_average_pool(x).pow(3).sum(), x, create_graph=True)
    (found,) = torch.autograd.grad(gradient.sum(), x)
    (other,) = torch.autograd.grad(average_pool(x).pow(3).sum(), x, create_graph=True)
    torch.testing.assert_close(found, torch.autograd.grad(other.sum(), x)[0])
