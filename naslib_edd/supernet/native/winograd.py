"""A search cell's 3×3 convolutions, with what comes before and after them (``winograd.h``).

Where it was measured to be faster they are computed with a quarter of the multiplications; elsewhere
they are PyTorch's, between the other kernels. In fp32 the former's largest error is some 3e-5 of the
output's standard deviation, PyTorch's 2e-6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

#: Channels of an edge from which on it is the faster one (AVX2): below, the transforms take as long as
#: the products that they save.
_FEWEST = 16


class ConvolutionKernels:
    """On tensors [B, C, H, W] in channels-last memory, on a CPU."""

    #: Whether it is the faster one on the instruction set that the library is for.
    winograd: bool

    def convolution3(self, x: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The 3×3 convolution, stride 1 and padding 1, and its output's moments.

        Args:
            x: [B, C, H, W].
            kernel: [E·C, C, 3, 3], of E edges.

        Returns:
            y [B, E·C, H, W], and its mean and biased variance [E·C].
        """
        if not self._by_winograd(x):
            y = channels_last(torch.nn.functional.conv2d(x, kernel, padding=1))
            return y, *self.moments(y)
        images, channels, height, width = x.shape
        shape = (images, len(kernel), height, width)
        y = torch.empty(shape, dtype=x.dtype, memory_format=torch.channels_last)
        mean, variance = x.new_empty(2, len(kernel)).unbind()
        arguments = x, channels_last(kernel), y, mean, variance
        self._pass("winograd", x, len(kernel) // channels, *arguments)
        return y, mean, variance

    def convolution3_backward(
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
        """Its gradients, and those of the batch norm behind it.

        Args:
            grads: of each edge's normalised output, [B, C, H, W].
            y: the convolution's output.
            norm: a, b and constant [E·C]: y's gradient is a·g + b·y + constant.
            x, kernel: as above.
            of_x, of_kernel: which are wanted.
        """
        if not self._by_winograd(x):
            dx, dkernel, _ = torch.ops.aten.convolution_backward(
                self.norm_backward(grads, y, *norm), x, kernel, None,
                [1, 1], [1, 1], [1, 1], False, [0, 0], 1, [of_x, of_kernel, False],
            )  # fmt: skip
            return None if dx is None else channels_last(dx), dkernel
        kernel = channels_last(kernel)
        dx = torch.empty_like(x) if of_x else None
        dkernel = torch.empty_like(kernel) if of_kernel else None
        arguments = grads, y, *norm, x, kernel, dx, dkernel
        self._pass("winograd_backward", x, len(grads), *arguments)
        return dx, dkernel

    def _by_winograd(self, x: Tensor) -> bool:
        known = x.dtype in (torch.float32, torch.float64)
        return self.winograd and known and x.shape[1] >= _FEWEST and min(x.shape[2:]) >= 4

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
