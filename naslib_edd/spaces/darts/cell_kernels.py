"""What a search cell is computed with: in C++ where that is to be had, else by PyTorch.

Both have the same functions. All on tensors [B, C, H, W] in channels-last memory; means, variances
and sums over batch and pixels are fp64, [C] or [n, C].
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.supernet.native import native_kernels
from naslib_edd.supernet.native.separable import PoolTerms, SeparableKernels

_DIMS = (0, 2, 3)


class TorchKernels:
    """The slow twin of :class:`naslib_edd.supernet.native.separable.SeparableKernels`."""

    def separable(
        self,
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
        return z, _statistics(z)

    def separable_backward(
        self,
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
        """Backward of :meth:`separable` and of the norm that follows it.

        Args:
            grad: g, of the size of z.
            z: what :meth:`separable` gave.
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

    def pools(
        self, x: Tensor, *, stride: int, largest: bool, average: bool
    ) -> list[tuple[Tensor, Tensor] | None]:
        """The 3×3 max pool and average pool (padding not counted), as far as they are wanted.

        Returns:
            Of each its value, and mean and biased variance [2, C]; None where it is not wanted.
        """
        found: list[tuple[Tensor, Tensor] | None] = [None, None]
        if largest:
            value = F.max_pool2d(x, 3, stride=stride, padding=1)
            found[0] = value, _statistics(value)
        if average:
            value = F.avg_pool2d(x, 3, stride=stride, padding=1, count_include_pad=False)
            found[1] = value, _statistics(value)
        return found

    def weighted(self, xs: Sequence[Tensor], gains: Tensor, constant: Tensor) -> Tensor:
        """Constant [C] + Σ gains·x over n tensors, gains [n, C]."""
        out = constant[:, None, None] + gains[0, :, None, None] * xs[0]
        for gain, x in zip(gains[1:], xs[1:], strict=True):
            out.addcmul_(gain[:, None, None], x)
        return out

    def dots(self, grad: Tensor, xs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Σg [C], and Σg·x for each of n tensors, [n, C]."""
        wide = grad.double()
        return wide.sum(_DIMS), torch.stack([(wide * x).sum(_DIMS) for x in xs])

    def leaving(
        self,
        x: Tensor,
        behind: Tensor | None,
        grads: Sequence[Tensor],
        skip: Tensor | None,
        largest: PoolTerms | None,
        average: PoolTerms | None,
        *,
        stride: int,
    ) -> Tensor:
        """The gradient of a node's value x from those of all edges that leave it.

        Args:
            x: the value.
            behind: the gradient of ReLU(x), or None.
            grads: of the E nodes that the edges enter.
            skip: what the edges weigh x itself with, [E], at stride 1; or None.
            largest, average: of each pool its value v, gains [E, C], q and s [C]: the gradient of
                v is Σ gains·g + q·v + s; or None.
            stride: of the edges.
        """
        out = torch.zeros_like(x) if behind is None else torch.where(x > 0, behind, 0)
        if skip is not None:
            for weight, grad in zip(skip, grads, strict=True):
                out.addcmul_(grad, weight)
        if largest is not None:
            _, places = F.max_pool2d(x, 3, stride=stride, padding=1, return_indices=True)
            out += torch.ops.aten.max_pool2d_with_indices_backward(
                _of_pool(largest, grads), x, [3, 3], [stride] * 2, [1, 1], [1, 1], False, places
            )
        if average is not None:
            out += torch.ops.aten.avg_pool2d_backward(
                _of_pool(average, grads), x, [3, 3], [stride] * 2, [1, 1], False, False, None
            )
        return out


#: Either twin.
CellKernels = TorchKernels | SeparableKernels


def cell_kernels(x: Tensor) -> CellKernels:
    """Those that x [B, C, H, W] is to be computed with."""
    return native_kernels(x) or TorchKernels()


def _rectified(x: Tensor, affine: tuple[Tensor, Tensor] | None) -> Tensor:
    if affine is None:
        return x.relu()
    a, b = affine
    return torch.addcmul(b[:, None, None], a[:, None, None], x).relu_()


def _filtered(rectified: Tensor, depthwise: Tensor, stride: int, dilation: int) -> Tensor:
    padding = dilation * (depthwise.shape[-1] // 2)
    return F.conv2d(rectified, depthwise, None, stride, padding, dilation, len(depthwise))


def _statistics(z: Tensor) -> Tensor:
    variance, mean = torch.var_mean(z, _DIMS, correction=0)
    return torch.stack([mean, variance]).double()


def _of_pool(terms: PoolTerms, grads: Sequence[Tensor]) -> Tensor:
    value, gains, along, constant = terms
    out = along[:, None, None] * value + constant[:, None, None]
    for gain, grad in zip(gains, grads, strict=True):
        out.addcmul_(gain[:, None, None], grad)
    return out
