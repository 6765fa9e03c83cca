"""What a search cell is computed with: in C++ where that is to be had, else by PyTorch.

Both have the same functions. All on tensors [B, C, H, W] in channels-last memory; means, variances
and sums over batch and pixels are fp64, [C] or [n, C].
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.darts.node import node, node_backward
from naslib_edd.spaces.darts.norms import statistics_of
from naslib_edd.spaces.darts.sums import dots, weighted
from naslib_edd.supernet.native import native_kernels
from naslib_edd.supernet.native.nodes import NodeKernels
from naslib_edd.supernet.native.terms import Handed


class TorchKernels:
    """The slow twin of :class:`naslib_edd.supernet.native.nodes.NodeKernels`."""

    node = staticmethod(node)
    node_backward = staticmethod(node_backward)
    weighted = staticmethod(weighted)
    dots = staticmethod(dots)

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
            found[0] = value, statistics_of(value)
        if average:
            value = F.avg_pool2d(x, 3, stride=stride, padding=1, count_include_pad=False)
            found[1] = value, statistics_of(value)
        return found

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
        """The gradient of a node's value x from those of all edges that leave it.

        Args:
            x: the value.
            behind: the gradient of ReLU(x), or None.
            grads: of the E nodes that the edges enter.
            handed: what the edges weigh x itself with, at stride 1, and what its pools.
            largest, average: the values of the pools, where there are such.
            stride: of the edges.
        """
        out = torch.zeros_like(x) if behind is None else torch.where(x > 0, behind, 0)
        if stride == 1:
            for weight, grad in zip(handed.skip, grads, strict=True):
                out.addcmul_(grad, weight)
        if largest is not None:
            _, places = F.max_pool2d(x, 3, stride=stride, padding=1, return_indices=True)
            of_pool = _of_pool(handed.pool("max"), largest, grads)
            out += torch.ops.aten.max_pool2d_with_indices_backward(
                of_pool, x, [3, 3], [stride] * 2, [1, 1], [1, 1], False, places
            )
        if average is not None:
            out += torch.ops.aten.avg_pool2d_backward(
                _of_pool(handed.pool("avg"), average, grads),
                x, [3, 3], [stride] * 2, [1, 1], False, False, None,
            )  # fmt: skip
        return out


#: Either twin.
CellKernels = TorchKernels | NodeKernels


def cell_kernels(x: Tensor) -> CellKernels:
    """Those that x [B, C, H, W] is to be computed with."""
    return native_kernels(x) or TorchKernels()


def _of_pool(handed: Tensor, value: Tensor, grads: Sequence[Tensor]) -> Tensor:
    *gains, along, constant = handed
    out = along[:, None, None] * value + constant[:, None, None]
    for gain, grad in zip(gains, grads, strict=True):
        out.addcmul_(gain[:, None, None], grad)
    return out
