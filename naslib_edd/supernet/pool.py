"""NB201's average pool as the fast supernet computes it: on a CPU, as a depthwise convolution.

PyTorch's 3×3 average pool without counted padding takes a CPU about as long as a 3×3 convolution.
The same sums are a depthwise convolution of ones, divided by how many pixels each window has, and
oneDNN runs that several times faster, forward and backward. A C++ kernel is faster still, where one
is to be had and the memory is channels-last. On a GPU the pool itself is quick, and in half
precision it is the more exact: 1/9 would be rounded once for all pixels.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.supernet.layers import average_pool
from naslib_edd.supernet.native import native_kernels
from naslib_edd.supernet.precision import HALF


def fast_average_pool(x: Tensor) -> Tensor:
    """:func:`~naslib_edd.supernet.layers.average_pool`, but for rounding. Keeps [B, C, H, W]."""
    if x.device.type != "cpu" or x.dtype in HALF:
        return average_pool(x)
    if native_kernels(x) is not None:
        pooled: Tensor = _NativePool.apply(x)  # type: ignore[no-untyped-call]
        return pooled
    channels, height, width = x.shape[1:]
    sums = F.conv2d(x, _ones(channels, x.dtype), padding=1, groups=channels)
    return sums * _inverse_counts(height, width, x.dtype)


def fast_average_pool_backward(grad: Tensor) -> Tensor:
    """The gradient of the input, for the gradient of the output; both [B, C, H, W]."""
    channels, height, width = grad.shape[1:]
    if grad.device.type != "cpu" or grad.dtype in HALF:
        return torch.ops.aten.avg_pool2d_backward(
            grad, grad, [3, 3], [1, 1], [1, 1], False, False, None
        )
    native = native_kernels(grad)
    if native is not None:
        return native.average_pool_backward(grad)
    # The window of ones is symmetric: its transpose is itself.
    shares = grad * _inverse_counts(height, width, grad.dtype)
    return F.conv2d(shares, _ones(channels, grad.dtype), padding=1, groups=channels)


class _NativePool(torch.autograd.Function):
    """The pool in C++, one pass. It may be differentiated as often as one likes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """x [B, C, H, W], channels-last."""
        native = native_kernels(x)
        assert native is not None
        return native.average_pool(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """Of x."""
        grad = grads[0].contiguous(memory_format=torch.channels_last)
        found: Tensor = _NativePoolBackward.apply(grad)  # type: ignore[no-untyped-call]
        return found


class _NativePoolBackward(torch.autograd.Function):
    """Its transpose; whose own transpose is the pool again."""

    @staticmethod
    def forward(ctx: Any, grad: Tensor) -> Tensor:
        """grad [B, C, H, W], channels-last."""
        return fast_average_pool_backward(grad)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """Of the gradient."""
        return fast_average_pool(grads[0].contiguous(memory_format=torch.channels_last))


@lru_cache(maxsize=32)
def _ones(channels: int, dtype: torch.dtype) -> Tensor:
    # Kept tensors must be usable in a backward pass, wherever they were made first.
    with torch.inference_mode(False):
        return torch.ones(channels, 1, 3, 3, dtype=dtype)


@lru_cache(maxsize=32)
def _inverse_counts(height: int, width: int, dtype: torch.dtype) -> Tensor:
    """1 over the number of pixels in the window around each pixel: 9 inside, 4 in a corner."""
    with torch.inference_mode(False), torch.no_grad():
        share = F.avg_pool2d(torch.ones(1, 1, height, width, dtype=dtype), 3, stride=1, padding=1)
        return 1 / (9 * share).round()
