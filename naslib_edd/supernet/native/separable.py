"""The kernels of a search cell of the DARTS space (``separable.h``, ``mixed.h``) on tensors.

The slow twin of each, with what it computes, is in
:class:`naslib_edd.spaces.darts.cell_kernels.TorchKernels`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from naslib_edd.supernet.native.sampled import address

#: Function → how many pointers it takes, its sizes among them.
POINTERS = {
    "separable": 8,
    "separable_backward": 16,
    "pools": 6,
    "weighted": 5,
    "all_dots": 5,
    "leaving": 14,
}
#: Of one pool's gradient: its value, a gain an edge [E, C], and the rest, [C] each.
PoolTerms = tuple[Tensor, Tensor, Tensor, Tensor]


class SeparableKernels:
    """On tensors [B, C, H, W] in channels-last memory, on a CPU; small ones as they come.

    Means, variances and sums are fp64.
    """

    _functions: dict[tuple[str, torch.dtype], Any]

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
        """See :class:`~naslib_edd.spaces.darts.cell_kernels.TorchKernels`."""
        kernel = depthwise.shape[-1]
        z = _strided(x, stride)
        statistics = x.new_empty(2, x.shape[1], dtype=torch.float64)
        a, b = (None, None) if affine is None else affine
        kernels = (_by_tap(depthwise), pointwise.flatten(1).t().contiguous())
        sizes = (*_sizes(x), kernel, stride, dilation, 0)
        self._call("separable", x.dtype, sizes, x, a, b, *kernels, z, statistics)
        return z, statistics

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
        """See :class:`~naslib_edd.spaces.darts.cell_kernels.TorchKernels`."""
        channels, kernel = x.shape[1], depthwise.shape[-1]
        out = torch.empty_like(x) if behind is None else behind
        sums = x.new_empty(2, channels, dtype=torch.float64) if affine is not None else None
        a, b = (None, None) if affine is None else affine
        by_tap, matrix = _by_tap(depthwise), pointwise.flatten(1).contiguous()
        of_depthwise = of_pointwise = None
        if weights:
            of_depthwise = x.new_empty(kernel * kernel, channels, dtype=torch.float64)
            of_pointwise = x.new_empty(channels, channels, dtype=torch.float64)
        self._call(
            "separable_backward", x.dtype, (*_sizes(x), kernel, stride, dilation, 0),
            grad, z, *coefficients, x, a, b, by_tap, by_tap.flip(0).contiguous(), matrix,
            out, sums, of_depthwise, of_pointwise,
        )  # fmt: skip
        if of_depthwise is not None and of_pointwise is not None:
            of_depthwise = of_depthwise.t().reshape(depthwise.shape).to(x.dtype)
            of_pointwise = of_pointwise.reshape(pointwise.shape).to(x.dtype)
        return out, sums, of_depthwise, of_pointwise

    def pools(
        self, x: Tensor, *, stride: int, largest: bool, average: bool
    ) -> list[tuple[Tensor, Tensor] | None]:
        """See :class:`~naslib_edd.spaces.darts.cell_kernels.TorchKernels`."""
        found: list[tuple[Tensor, Tensor] | None] = [
            (_strided(x, stride), x.new_empty(2, x.shape[1], dtype=torch.float64))
            if wanted
            else None
            for wanted in (largest, average)
        ]
        values = [None if one is None else one[0] for one in found]
        statistics = [None if one is None else one[1] for one in found]
        self._call("pools", x.dtype, (*_sizes(x), 3, stride, 1, 0), x, *values, *statistics)
        return found

    def weighted(self, xs: Sequence[Tensor], gains: Tensor, constant: Tensor) -> Tensor:
        """See :class:`~naslib_edd.spaces.darts.cell_kernels.TorchKernels`."""
        out = torch.empty_like(xs[0])
        sizes = (*_sizes(out), 1, 1, 1, len(xs))
        self._call("weighted", out.dtype, sizes, xs, gains.contiguous(), constant, out)
        return out

    def dots(self, grad: Tensor, xs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """See :class:`~naslib_edd.spaces.darts.cell_kernels.TorchKernels`."""
        channels = grad.shape[1]
        total = grad.new_empty(channels, dtype=torch.float64)
        along = grad.new_empty(len(xs), channels, dtype=torch.float64)
        sizes = (*_sizes(grad), 1, 1, 1, len(xs))
        self._call("all_dots", grad.dtype, sizes, grad, xs, total, along)
        return total, along

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
        """See :class:`~naslib_edd.spaces.darts.cell_kernels.TorchKernels`."""
        out = torch.empty_like(x)
        nothing = (None,) * 4
        self._call(
            "leaving", x.dtype, (*_sizes(x), 3, stride, 1, len(grads)), x, behind, grads, skip,
            *(largest or nothing), *(average or nothing), out,
        )  # fmt: skip
        return out

    def _call(self, name: str, dtype: torch.dtype, sizes: Sequence[int], *arguments: Any) -> None:
        given = (ctypes.c_int64 * (len(sizes) + 1))(*sizes, torch.get_num_threads())
        self._functions[name, dtype](given, *(address(one) for one in arguments))


def _sizes(x: Tensor) -> tuple[int, int, int, int]:
    images, channels, height, width = x.shape
    return images, height, width, channels


def _strided(x: Tensor, stride: int) -> Tensor:
    """Room for what a pass of this stride makes of x."""
    images, channels, height, width = x.shape
    size = (images, channels, (height - 1) // stride + 1, (width - 1) // stride + 1)
    return torch.empty(size, dtype=x.dtype, memory_format=torch.channels_last)


def _by_tap(depthwise: Tensor) -> Tensor:
    """[C, 1, k, k] as [k·k, C]."""
    return depthwise.reshape(len(depthwise), -1).t().contiguous()
