"""The function of :mod:`naslib_edd.spaces.nb201.fused` with the C++ kernels.

They are in :mod:`naslib_edd.supernet.native`. The mathematics is the former module's. Here each
tensor is gone over once where PyTorch needs a pass for every operation: forward, batch norm,
weights, 1×1 convolutions, pool and sums are one pass over the output; backward, all sums are one
pass over the gradients, the 3×3 convolutions' batch norm is one more, and what a node's value
receives is one. On some processors the 3×3 convolutions are left to PyTorch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.supernet.layers import BatchNorm
from naslib_edd.supernet.moments import update_running
from naslib_edd.supernet.native import Folded, native_kernels
from naslib_edd.supernet.native.convolutions import channels_last


class LeaveNodeNative(torch.autograd.Function):
    """See :func:`naslib_edd.spaces.nb201.fused.send_along_edges`."""

    @staticmethod
    def forward(
        ctx: Any,
        h: Tensor,
        skip: Tensor,
        pool: Tensor,
        beta1: Tensor,
        beta3: Tensor,
        conv1: Tensor,
        conv3: Tensor,
        norm1: BatchNorm,
        norm3: BatchNorm,
        convolved: torch.dtype,
        *arriving: Tensor | None,
    ) -> tuple[Tensor, ...]:
        """The targets' values. ``convolved``: the type that 3×3 convolutions take and give."""
        native = native_kernels(h)
        assert native is not None
        count = h.numel() // h.shape[1]
        kernel = conv1.flatten(1).contiguous()
        skip, pool = skip.contiguous(), pool.contiguous()
        rectified, taken, mean, covariance = native.rectify(h, convolved)
        kernel3 = conv3.to(convolved)
        y3, mean3, variance3 = native.convolution(taken, kernel3)
        folded = native.fold(
            kernel, (mean, covariance), (mean3, variance3), beta1.contiguous(),
            beta3.contiguous(), eps=(norm1.eps, norm3.eps),
        )  # fmt: skip
        update_running(norm1, folded.mean1, folded.variance1, count)
        update_running(norm3, mean3, variance3, count)
        before = [None if one is None else channels_last(one) for one in arriving]
        totals = native.forward(h, y3, folded, skip, pool, before)
        ctx.save_for_backward(
            h, rectified, taken, y3, skip, pool, kernel, kernel3, mean, mean3, *folded
        )
        return tuple(totals)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of h, the weights β and the convolutions, each only where it is wanted."""
        h, rectified, taken, y3, skip, pool, kernel, kernel3, mean, mean3, *rest = ctx.saved_tensors
        folded = Folded(*rest)
        of_h, of_skip, of_pool, of_beta1, of_beta3, of_conv1, of_conv3 = ctx.needs_input_grad[:7]
        native = native_kernels(h)
        assert native is not None
        grads = tuple(channels_last(grad) for grad in grads)
        sums = native.sums(grads, y3, h, mean3, of_passes=of_skip or of_pool)
        unfolded = native.unfold(
            kernel, mean, folded, mean3, sums, count=h.numel() // h.shape[1], of_kernel=of_conv1
        )
        dh = of_weight3 = None
        if of_h or of_conv3:
            dr, of_weight3 = native.convolution_backward(
                grads, y3, (folded.gain3, unfolded.slope, unfolded.rest), taken, kernel3,
                of_x=of_h, of_kernel=of_conv3,
            )  # fmt: skip
            if dr is not None:
                dh = native.gradient(dr, grads, rectified, unfolded, skip, pool)
        of_kernel = unfolded.of_kernel
        return (
            dh,
            sums.skip if of_skip else None,
            sums.pool if of_pool else None,
            unfolded.of_beta1 if of_beta1 else None,
            unfolded.of_beta3 if of_beta3 else None,
            None if of_kernel is None else of_kernel[:, :, None, None],
            None if of_weight3 is None else of_weight3.to(h.dtype),
            None,
            None,
            None,
            *(grad if wanted else None
              for grad, wanted in zip(grads, ctx.needs_input_grad[10:], strict=True)),
        )  # fmt: skip
