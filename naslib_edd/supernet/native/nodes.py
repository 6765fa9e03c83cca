"""The kernels of a search cell of the DARTS space (``node.h``, ``mixed.h``) on tensors.

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
from naslib_edd.supernet.native.terms import Entered, Handed, Terms

#: Function → how many pointers it takes, its sizes among them.
POINTERS = {
    "node": 10,
    "node_backward": 15,
    "pools": 6,
    "weighted": 5,
    "all_dots": 5,
    "leaving": 8,
}


class NodeKernels:
    """On tensors [B, C, H, W] in channels-last memory, on a CPU; small ones as they come.

    Means, variances and sums are fp64.
    """

    _functions: dict[tuple[str, torch.dtype], Any]

    def node(
        self,
        terms: Terms,
        parts: Sequence[Tensor],
        given: Sequence[tuple[Tensor, Tensor | None] | None],
        weights: Sequence[Tensor],
        weight: Tensor,
    ) -> tuple[Tensor, Entered]:
        """See :class:`~naslib_edd.spaces.darts.cell_kernels.TorchKernels`."""
        x, channels = parts[-1], parts[-1].shape[1]
        node = _strided(parts[terms[0].source], terms[0].stride)
        kept = torch.empty(terms.slots, node.numel(), dtype=x.dtype)
        statistics, inner = torch.zeros(2, len(terms), 2, channels, dtype=torch.float64).unbind()
        for number, one in enumerate(given):
            if one is not None and one[1] is not None:
                statistics[number] = one[1]
        values = _values(terms, parts, [None if one is None else one[0] for one in given])
        self._node(
            "node", terms, parts, values, weights, node, weight, kept, statistics, inner, node
        )
        return node, Entered([kept], statistics, inner)

    def node_backward(
        self,
        terms: Terms,
        parts: Sequence[Tensor],
        given: Sequence[Tensor | None],
        weights: Sequence[Tensor],
        weight: Tensor,
        entered: Entered,
        grad: Tensor,
        behind: Sequence[Tensor | None],
        handed: Sequence[Handed],
        *,
        wanted: bool,
    ) -> tuple[Tensor, list[Tensor | None]]:
        """See :class:`~naslib_edd.spaces.darts.cell_kernels.TorchKernels`."""
        of_weight = torch.empty(len(terms) + 1, dtype=torch.float64)
        (kept,), statistics, inner = entered
        sizes = [one.numel() for one in weights]
        of_kernels = grad.new_empty(sum(sizes)) if wanted else None
        self._node(
            "node_backward", terms, parts, _values(terms, parts, given), weights, grad, weight,
            kept, statistics, inner, grad, of_weight, behind, [one.all for one in handed],
            of_kernels, torch.empty_like(grad),
        )  # fmt: skip
        if of_kernels is None:
            return of_weight, [None] * len(weights)
        found = zip(of_kernels.split(sizes), weights, strict=True)
        return of_weight, [one.view(like.shape) for one, like in found]

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
        handed: Handed,
        largest: Tensor | None,
        average: Tensor | None,
        *,
        stride: int,
    ) -> Tensor:
        """See :class:`~naslib_edd.spaces.darts.cell_kernels.TorchKernels`."""
        out = torch.empty_like(x)
        sizes = (*_sizes(x), 3, stride, 1, len(grads))
        self._call("leaving", x.dtype, sizes, x, behind, grads, handed.all, largest, average, out)
        return out

    def _node(
        self,
        name: str,
        terms: Terms,
        parts: Sequence[Tensor],
        values: Sequence[Tensor | None],
        weights: Sequence[Tensor],
        like: Tensor,
        *arguments: Any,
    ) -> None:
        dense = [_dense(one) for one in weights]
        sizes = (*_sizes(like), *parts[0].shape[2:], len(terms))
        self._call(name, like.dtype, sizes, terms.table, parts, values, dense, *arguments)

    def _call(self, name: str, dtype: torch.dtype, sizes: Sequence[int], *arguments: Any) -> None:
        given = (ctypes.c_int64 * (len(sizes) + 1))(*sizes, torch.get_num_threads())
        self._functions[name, dtype](given, *(address(one) for one in arguments))


def _values(
    terms: Terms, parts: Sequence[Tensor], given: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """Of each term what it is before its norm, where that is not computed at the node."""
    return [
        parts[term.source] if term.kind == "skip" else value
        for term, value in zip(terms, given, strict=True)
    ]


def _dense(weight: Tensor) -> Tensor:
    """[.., 1, k, k] and [.., C, 1, 1] lie in one order in both layouts."""
    if weight.is_contiguous() or weight.is_contiguous(memory_format=torch.channels_last):
        return weight
    return weight.contiguous()


def _sizes(x: Tensor) -> tuple[int, int, int, int]:
    images, channels, height, width = x.shape
    return images, height, width, channels


def _strided(x: Tensor, stride: int) -> Tensor:
    """Room for what a pass of this stride makes of x."""
    images, channels, height, width = x.shape
    size = (images, channels, (height - 1) // stride + 1, (width - 1) // stride + 1)
    return torch.empty(size, dtype=x.dtype, memory_format=torch.channels_last)
