"""A depthwise convolution and the 1×1 convolution behind it, forward and backward, by PyTorch.

The slow twin of ``separable.h``. Tensors are [B, C, H, W] in channels-last memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.darts.norms import statistics_of

_DIMS = (0, 2, 3)


def separable(
    x: Tensor,
    affine: tuple[Tensor, Tensor] | None,
    depthwise: Tensor,
    pointwise: Tensor,
    *,
    stride: int,
    dilation: int,
) -> tuple[Tensor, Tensor]:
    """The 1×1 of the depthwise convolution of ReLU(a·x + b), or of ReLU(x).

    Args:
        x: the input.
        affine: a and b, [C] each; None: 1 and 0.
        depthwise, pointwise: [C, 1, k, k] and [C, C, 1, 1].
        stride, dilation: of the depthwise convolution, which is padded by dilation·(k // 2).

    Returns:
        z, and its mean and biased variance [2, C].
    """
    filtered = _filtered(_rectified(x, affine), depthwise, stride, dilation)
    z = F.conv2d(filtered, pointwise)
    return z, statistics_of(z)


def separable_backward(
    grad: Tensor,
    z: Tensor,
    coefficients: Sequence[Tensor],
    x: Tensor,
    affine: tuple[Tensor, Tensor] | None,
    depthwise: Tensor,
    pointwise: Tensor,
    *,
    stride: int,
    dilation: int,
    behind: Tensor | None,
    weights: bool,
) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor | None]:
    """Backward of :func:`separable` and of the norm that follows it.

    Args:
        grad: g, of the size of z.
        z: what :func:`separable` gave.
        coefficients: p, q and s, [C] each: z's gradient is p·g + q·z + s.
        x, affine, depthwise, pointwise, stride, dilation: as they were given.
        behind: without ``affine``, what the gradient of ReLU(x) is added to, in place.
        weights: whether the gradients of both kernels are wanted.

    Returns:
        ``behind``, or the gradient e of a·x + b; Σe and Σe·x, [2, C], with ``affine``; the
        gradients of both kernels, or None.
    """
    p, q, s = (one[:, None, None] for one in coefficients)
    dz = p * grad + q * z + s
    rectified = _rectified(x, affine)
    filtered = _filtered(rectified, depthwise, stride, dilation) if weights else grad
    back, of_pointwise, _ = torch.ops.aten.convolution_backward(
        dz, filtered, pointwise, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1,
        [True, weights, False],
    )  # fmt: skip
    padding = dilation * (depthwise.shape[-1] // 2)
    of_rectified, of_depthwise, _ = torch.ops.aten.convolution_backward(
        back, rectified, depthwise, None, [stride] * 2, [padding] * 2, [dilation] * 2, False,
        [0, 0], len(depthwise), [True, weights, False],
    )  # fmt: skip
    kernels = (of_depthwise, of_pointwise) if weights else (None, None)
    if affine is None:
        assert behind is not None
        return behind.add_(of_rectified), None, *kernels
    out = torch.where(rectified > 0, of_rectified, 0)
    sums = torch.stack([out.double().sum(_DIMS), (out.double() * x).sum(_DIMS)])
    return out, sums, *kernels


def _rectified(x: Tensor, affine: tuple[Tensor, Tensor] | None) -> Tensor:
    if affine is None:
        return x.relu()
    a, b = affine
    return torch.addcmul(b[:, None, None], a[:, None, None], x).relu_()


def _filtered(rectified: Tensor, depthwise: Tensor, stride: int, dilation: int) -> Tensor:
    padding = dilation * (depthwise.shape[-1] // 2)
    return F.conv2d(rectified, depthwise, None, stride, padding, dilation, len(depthwise))
