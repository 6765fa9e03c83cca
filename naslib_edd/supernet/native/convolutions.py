"""A search cell's convolutions, with the batch norms behind them (``winograd.h``, ``pointwise.h``).

Where that was measured to be faster they are our own, 3×3 ones with a quarter of the
multiplications; elsewhere they are PyTorch's, between the other kernels. In fp32 the largest error
of our 3×3 ones is some 3e-5 of the output's standard deviation, PyTorch's 2e-6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.supernet.native.taken import taken

#: Kernel size → channels of an edge from which on ours are the faster ones (AVX2). With fewer the
#: transforms of 3×3 take as long as the products that they save.
_FEWEST = {3: 16, 1: 8}
_NAMES = {3: "winograd", 1: "pointwise"}


class ConvolutionKernels:
    """On tensors [B, C, H, W] in channels-last memory, on a CPU."""

    #: Whether ours are the faster ones on the instruction set that the library is for.
    convolves: bool

    def convolution(self, x: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The convolution at stride 1, padded to keep the size, and its output's moments.

        Args:
            x: [B, C, H, W].
            kernel: [E·C, C, k, k], of E edges; k is 1 or 3.

        Returns:
            y [B, E·C, H, W], and its mean and biased variance [E·C].
        """
        name = self._ours(x, kernel)
        if name is None:
            y = channels_last(F.conv2d(x, kernel, padding=kernel.shape[-1] // 2))
            return y, *self.moments(y)
        images, channels, height, width = x.shape
        shape = (images, len(kernel), height, width)
        y = torch.empty(shape, dtype=x.dtype, memory_format=torch.channels_last)
        mean, variance = x.new_empty(2, len(kernel)).unbind()
        arguments = x, channels_last(kernel), y, mean, variance
        self._pass(name, x, len(kernel) // channels, *arguments)
        return y, mean, variance

    def convolution_backward(
        self,
        grads: Sequence[Tensor],
        y: Tensor,
        norm: tuple[Tensor, Tensor, Tensor],
        x: Tensor,
        kernel: Tensor,
        *,
        of_x: bool,
        of_kernel: bool,
    ) -> tuple[Tensor | None, Tensor | None]:
        """Its gradients, from those behind its batch norm.

        Args:
            grads: of each edge's normalised output, [B, C, H, W].
            y: the convolution's output.
            norm: a, b and constant [E·C]: y's gradient is a·g + b·y + constant.
            x, kernel: as above.
            of_x, of_kernel: which are wanted.
        """
        name = self._ours(x, kernel)
        if name is None:
            padding = [kernel.shape[-1] // 2] * 2
            dx, dkernel, _ = torch.ops.aten.convolution_backward(
                self.norm_backward(grads, y, *norm), x, kernel, None,
                [1, 1], padding, [1, 1], False, [0, 0], 1, [of_x, of_kernel, False],
            )  # fmt: skip
            return None if dx is None else channels_last(dx), dkernel
        kernel = channels_last(kernel)
        dx = torch.empty_like(x) if of_x else None
        dkernel = torch.empty_like(kernel) if of_kernel else None
        arguments = grads, y, *norm, x, kernel, dx, dkernel
        self._pass(f"{name}_backward", x, len(grads), *arguments)
        return dx, dkernel

    def _ours(self, x: Tensor, kernel: Tensor) -> str | None:
        """The kernel that takes them; None: PyTorch's convolution is as fast, or the only one."""
        own = taken().own
        if not (self.convolves if own is None else own):
            return None
        size = kernel.shape[-1]
        known = x.dtype in (torch.float32, torch.float64)
        large = x.shape[1] >= _FEWEST[size] and min(x.shape[2:]) >= 4
        return _NAMES[size] if known and large else None

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See :class:`~naslib_edd.supernet.native.kernels.Kernels`."""
        raise NotImplementedError

    def norm_backward(
        self, grads: Sequence[Tensor], y3: Tensor, a: Tensor, b: Tensor, constant: Tensor
    ) -> Tensor:
        """See :class:`~naslib_edd.supernet.native.kernels.Kernels`."""
        raise NotImplementedError

    def _pass(self, name: str, of: Tensor, edges: int, *arguments: Any) -> None:
        raise NotImplementedError


def channels_last(x: Tensor) -> Tensor:
    """The tensor in the memory layout that the kernels know."""
    return x.contiguous(memory_format=torch.channels_last)
