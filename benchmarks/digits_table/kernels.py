"""Operations on the features of M architectures at once, [M, C, H, W, B], the batch innermost.

With the batch innermost, moving an image by a pixel is copying long runs of memory, so that a 3×3
convolution on tiny images is a few copies and one batched product. The backward passes are written
out for the same reason. Each is held against PyTorch's own operation by the tests.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class ReLUConv3x3(torch.autograd.Function):
    """ReLU, then a 3×3 convolution with padding 1: x [M, C, H, W, B], weight [M, O, C, 3, 3].

    Gives [M, O, H/stride, W/stride, B]. H and W must be even for stride 2.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        models, _, height, width, batch = x.shape
        padded = _room(x)
        torch.clamp_min(x, 0, out=padded[:, :, 1:-1, 1:-1])
        columns = windows(padded, stride)
        ctx.save_for_backward(columns, weight, x)
        ctx.stride = stride
        out = torch.bmm(weight.flatten(2), columns)
        return out.view(models, -1, height // stride, width // stride, batch)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        columns, weight, x = ctx.saved_tensors
        out, channels = weight.shape[1:3]
        models, _, height, width, batch = x.shape
        grad = grads[0].contiguous()
        grad_weight = torch.bmm(grad.flatten(2).view(models, out, -1), columns.transpose(1, 2))
        if ctx.stride == 1:
            # The input's gradient is a convolution of the output's with the kernel turned round.
            turned = weight.flip(3, 4).transpose(1, 2).reshape(models, channels, out * 9)
            padded = _room(grad)
            padded[:, :, 1:-1, 1:-1] = grad
            grad_x = torch.bmm(turned, windows(padded, 1)).view(x.shape)
        else:
            half = (height // 2, width // 2)
            spread = torch.bmm(weight.flatten(2).transpose(1, 2), grad.view(models, out, -1))
            spread = spread.view(models, channels, 3, 3, *half, batch)
            padded = _room(x)
            for i in range(3):
                for j in range(3):
                    padded[:, :, i : i + height : 2, j : j + width : 2] += spread[:, :, i, j]
            grad_x = padded[:, :, 1:-1, 1:-1]
        grad_x = torch.ops.aten.threshold_backward(grad_x, x, 0)
        return grad_x, grad_weight.view(weight.shape), None


class AveragePool3x3(torch.autograd.Function):
    """NB201's ``avg_pool_3x3`` (stride 1, the padding not counted) on [M, C, H, W, B]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return _box_sum(x).mul_(_share(x.shape[2], x.shape[3], x.dtype, x.device))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        grad = grads[0]
        return _box_sum(grad * _share(grad.shape[2], grad.shape[3], grad.dtype, grad.device))


class Halve(torch.autograd.Function):
    """2×2 average pool of stride 2: [M, C, H, W, B] to [M, C, H/2, W/2, B]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        rows = x[:, :, ::2] + x[:, :, 1::2]
        return (rows[:, :, :, ::2] + rows[:, :, :, 1::2]).mul_(0.25)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        models, channels, height, width, batch = grads[0].shape
        quarter = (grads[0] * 0.25).view(models, channels, height, 1, width, 1, batch)
        spread = quarter.expand(models, channels, height, 2, width, 2, batch)
        return spread.reshape(models, channels, 2 * height, 2 * width, batch)


def relu_conv3x3(x: Tensor, weight: Tensor, *, stride: int = 1) -> Tensor:
    """See :class:`ReLUConv3x3`."""
    out: Tensor = ReLUConv3x3.apply(x, weight, stride)  # type: ignore[no-untyped-call]
    return out


def average_pool3x3(x: Tensor) -> Tensor:
    """See :class:`AveragePool3x3`."""
    out: Tensor = AveragePool3x3.apply(x)  # type: ignore[no-untyped-call]
    return out


def halve(x: Tensor) -> Tensor:
    """See :class:`Halve`."""
    out: Tensor = Halve.apply(x)  # type: ignore[no-untyped-call]
    return out


def windows(padded: Tensor, stride: int) -> Tensor:
    """The 3×3 window of each pixel: [M, C, H+2, W+2, B] to [M, C·9, (H/stride)·(W/stride)·B]."""
    models, channels, height, width, batch = padded.shape
    m, c, h, w, b = padded.stride()
    shape = (models, channels, 3, 3, (height - 2) // stride, (width - 2) // stride, batch)
    view = padded.as_strided(shape, (m, c, h, w, h * stride, w * stride, b))
    return view.reshape(models, channels * 9, -1)


def _room(x: Tensor) -> Tensor:
    """Zeros for x and a border of one pixel."""
    models, channels, height, width, batch = x.shape
    return x.new_zeros(models, channels, height + 2, width + 2, batch)


def _box_sum(x: Tensor) -> Tensor:
    """Sum over each pixel's 3×3 neighbours, as two passes of three."""
    rows = x.clone()
    rows[:, :, 1:] += x[:, :, :-1]
    rows[:, :, :-1] += x[:, :, 1:]
    both = rows.clone()
    both[:, :, :, 1:] += rows[:, :, :, :-1]
    both[:, :, :, :-1] += rows[:, :, :, 1:]
    return both


@cache
def _share(height: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """One over the number of neighbours inside the image, itself included: [H, W, 1]."""
    ones = torch.ones(1, 1, height, width, dtype=dtype, device=device)
    return (1 / F.avg_pool2d(ones, 3, stride=1, padding=1, divisor_override=1)).view(
        height, width, 1
    )
