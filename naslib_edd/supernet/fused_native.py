"""The function of :mod:`naslib_edd.supernet.fused` with the kernels of :mod:`naslib_edd.native`.

The mathematics is that module's. Here each tensor is gone over once where PyTorch needs a pass for
every operation: forward, batch norm, weights, pool and sums are one pass over the output; backward,
all sums are one pass over the gradients, the 3×3 convolutions' batch norm is one more, and what a
node's value receives is one. Only convolutions and matrix products are left to PyTorch.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.native import Kernels, kernels
from naslib_edd.supernet.layers import BatchNorm
from naslib_edd.supernet.moments import update_running


def native_kernels(h: Tensor) -> Kernels | None:
    """The kernels if they can take this node's value [B, C, H, W]: on a CPU, in channels_last."""
    if h.device.type != "cpu" or h.dtype not in (torch.float32, torch.float64):
        return None
    if not h.is_contiguous(memory_format=torch.channels_last):
        return None
    return kernels()


class LeaveNodeNative(torch.autograd.Function):
    """See :func:`naslib_edd.supernet.fused.leave_node`."""

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
        *arriving: Tensor | None,
    ) -> tuple[Tensor, ...]:
        """The targets' values."""
        native = native_kernels(h)
        assert native is not None
        channels, count = h.shape[1], h.numel() // h.shape[1]
        rectified, mean = native.rectify(h)
        kernel = conv1.flatten(1)
        covariance = _covariance(rectified, mean)
        variance = ((kernel @ covariance) * kernel).sum(1).clamp_min_(0)
        shift1 = kernel @ mean
        update_running(norm1, shift1, variance, count)
        deviation = (variance + norm1.eps).sqrt()
        factor = beta1.repeat_interleave(channels) / deviation
        y3 = _last(F.conv2d(rectified, conv3, padding=1))
        mean3, variance3 = native.moments(y3)
        update_running(norm3, mean3, variance3, count)
        inverse3 = (variance3 + norm3.eps).rsqrt()
        gain3 = beta3.repeat_interleave(channels) * inverse3
        skip, pool = skip.contiguous(), pool.contiguous()
        before = [None if one is None else _last(one) for one in arriving]
        shift = -factor * shift1 - gain3 * mean3
        folded = (factor[:, None] * kernel).t().contiguous()
        totals = native.forward(h, folded, y3, gain3, shift, skip, pool, before)
        ctx.save_for_backward(
            h, rectified, y3, skip, pool, conv1, conv3, gain3, mean3, inverse3, mean, covariance,
            factor, deviation,
        )  # fmt: skip
        return tuple(totals)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of h, the weights β and the convolutions, each only where it is wanted."""
        (
            h, rectified, y3, skip, pool, conv1, conv3, gain3, mean3, inverse3, mean, covariance,
            factor, deviation,
        ) = ctx.saved_tensors  # fmt: skip
        of_h, of_skip, of_pool, of_beta1, of_beta3, of_conv1, of_conv3 = ctx.needs_input_grad[:7]
        native = native_kernels(h)
        assert native is not None
        channels, edges, count = h.shape[1], len(skip), h.numel() // h.shape[1]
        grads = tuple(_last(grad) for grad in grads)
        total, along, of_skips, of_pools = native.sums(
            grads, y3, h, mean3, of_passes=of_skip or of_pool
        )
        of_scale3 = along * inverse3
        dr = of_weight3 = None
        if of_h or of_conv3:
            # Batch norm's backward: g·gain − mean(g·gain) − ŷ·mean(ŷ·g·gain), over y3 itself.
            slope = -gain3 * inverse3 * of_scale3 / count
            dy3 = native.norm_backward(
                grads, y3, gain3, slope, -gain3 * total / count - slope * mean3
            )
            dr, of_weight3, _ = torch.ops.aten.convolution_backward(
                dy3, rectified, conv3, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1,
                [of_h, of_conv3, False],
            )  # fmt: skip
            del dy3
        # The 1×1 convolutions and their norms, from sums over the batch.
        kernel = conv1.flatten(1)
        weighted = factor[:, None] * kernel
        gram = torch.cat([_products(grad, rectified) for grad in grads]) - total[:, None] * mean
        u = (gram * kernel).sum(1)
        ratio = u / deviation.square()
        of_weight1 = dh = None
        if of_conv1:
            inner = gram - ratio[:, None] * (kernel @ covariance)
            of_weight1 = (factor[:, None] * inner).reshape(conv1.shape)
        if dr is not None and of_h:
            pull = weighted.t() @ (ratio[:, None] * kernel) / count
            constant = pull @ mean - weighted.t() @ total / count
            back = pull.t().neg().contiguous()
            dh = native.gradient_(
                _last(dr), grads, rectified, weighted, back, constant, skip, pool
            )
        return (
            dh,
            of_skips if of_skip else None,
            of_pools if of_pool else None,
            (u / deviation).view(edges, channels).sum(1) if of_beta1 else None,
            of_scale3.view(edges, channels).sum(1) if of_beta3 else None,
            of_weight1,
            of_weight3,
            None,
            None,
            *(grad if wanted else None
              for grad, wanted in zip(grads, ctx.needs_input_grad[9:], strict=True)),
        )  # fmt: skip


def _covariance(x: Tensor, mean: Tensor) -> Tensor:
    """The biased covariance [C, C] of x [B, C, H, W] over batch and pixels, whose mean is known.

    """
    gram = _products(x, x).div_(x.numel() // x.shape[1])
    covariance: Tensor = gram.sub_(torch.outer(mean, mean))
    return covariance


def _products(g: Tensor, x: Tensor) -> Tensor:
    """Σ g·xᵀ [D, C] of g [B, D, H, W] and x [B, C, H, W] over batch and pixels.

    It is a 1×1 convolution's gradient of its weight; oneDNN takes half a matrix product's time.
    """
    weight = x.new_empty(g.shape[1], x.shape[1], 1, 1)
    _, products, _ = torch.ops.aten.convolution_backward(
        g, x, weight, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [False, True, False]
    )
    found: Tensor = products.flatten(1)
    return found


def _last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
