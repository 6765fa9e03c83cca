"""All that leaves a node in a training step, as one function with its backward pass by hand.

The same function as the plain supernet's, but for rounding. What it saves, beside what
:mod:`naslib_edd.spaces.nb201.fast` shares:

The 1×1 convolution y = W·r of r = ReLU(h) is linear, so its batch norm needs no pass over y: with
m and Σ the mean and covariance of r over batch and pixels, y has mean W·m and variance w·Σ·w for
each row w of W. Convolution, norm and weight β become one convolution with β·W/σ, added in place
to the output of the 3×3 convolutions' batch norm, whose bias takes the shift. y is neither kept nor
gone over again: with g the gradient of the output, N positions, Γ = Σ g·rᵀ (the gradient of a 1×1
convolution's weight) and u = w·(Γ − Σg·m) for each row,

    ∂l/∂β = u/σ        ∂l/∂w = (β/σ)·(Γ − Σg·m − (u/σ²)·Σw)
    ∂l/∂r = g·(β/σ)W − (r − m)·K − mean(g)·(β/σ)W,        K = Σ_rows (β u / (σ³ N))·w·wᵀ

which is batch norm's own backward pass, summed over the batch before it is used. The pool is
computed again in the backward pass. So of every edge one tensor is kept, y3, instead of two, and of
every node two, h and r, instead of three: little more than half of the memory.

Under autocast h and all of its size are of half precision; the moments, Γ and the sums are fp32.
With the C++ kernels only what the 3×3 convolutions take and give is: then r is kept twice.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.nb201.edge_sums import weighted_dots, weighted_sum
from naslib_edd.spaces.nb201.fused_native import LeaveNodeNative
from naslib_edd.supernet.layers import BatchNorm
from naslib_edd.supernet.moments import moments, pointwise, rows_of, update_running
from naslib_edd.supernet.native import native_kernels
from naslib_edd.supernet.pool import fast_average_pool, fast_average_pool_backward
from naslib_edd.supernet.precision import HALF, as_given, narrow, type_of, wide


class NodeWeights(NamedTuple):
    """β of the E edges that leave a node, a tensor [E] an operation."""

    skip: Tensor
    pool: Tensor
    conv1: Tensor
    conv3: Tensor


def send_along_edges(
    h: Tensor,
    beta: NodeWeights,
    conv1: Tensor,
    conv3: Tensor,
    norm1: BatchNorm,
    norm3: BatchNorm,
    arriving: list[Tensor | None],
) -> tuple[Tensor, ...]:
    """What each edge's target has received so far, plus what h sends along the edge.

    Args:
        h: the node's value, [B, C, H, W].
        beta: the edges' weights.
        conv1, conv3: weights of the edges' convolutions, [E·C, C, k, k].
        norm1, norm3: their batch norms; running statistics are updated.
        arriving: for each edge what its target holds, [B, C, H, W], or None.

    Returns:
        E tensors [B, C, H, W].
    """
    layers: tuple[Any, ...] = (*beta, conv1, conv3, norm1, norm3)
    out: tuple[Tensor, ...]
    if _native(h, beta, conv1):
        # Only the 3×3 convolutions are of half precision, beside values in fp32.
        convolved, values = type_of(h), wide(h)
        before = [None if one is None else wide(one) for one in arriving]
        with as_given(h):
            out = LeaveNodeNative.apply(  # type: ignore[no-untyped-call]
                values, *layers, convolved, *before
            )
        return out
    h = narrow(h)
    with as_given(h):
        out = _LeaveNode.apply(h, *layers, *arriving)  # type: ignore[no-untyped-call]
    return out


def _native(h: Tensor, beta: NodeWeights, conv1: Tensor) -> bool:
    """Whether the C++ kernels take it; asked before anything is cast."""
    given, convolved = h.dtype, type_of(h)
    computed = torch.float32 if given == torch.bfloat16 == convolved else given
    known = convolved == computed or (computed, convolved) == (torch.float32, torch.bfloat16)
    if not known or {conv1.dtype, *(one.dtype for one in beta)} != {computed}:
        return False
    return native_kernels(h, computed) is not None


class _LeaveNode(torch.autograd.Function):
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
        channels = h.shape[1]
        rectified = h.relu()
        rows = rows_of(rectified)
        kernel = conv1.flatten(1)
        mean, covariance = moments(rows)
        variance = ((kernel @ covariance) * kernel).sum(1).clamp_min_(0)
        shift = kernel @ mean
        update_running(norm1, shift, variance, len(rows))
        deviation = (variance + norm1.eps).sqrt()
        factor = beta1.repeat_interleave(channels) / deviation
        y3 = F.conv2d(rectified, conv3.to(h.dtype), padding=1)
        scale3 = beta3.repeat_interleave(channels)
        out, mean3, inverse3 = torch.native_batch_norm(
            y3, scale3, -factor * shift, norm3.running_mean, norm3.running_var,
            True, norm3.momentum, norm3.eps,
        )  # fmt: skip
        out.add_(F.conv2d(rectified, pointwise(factor[:, None] * kernel).to(h.dtype)))
        pooled = fast_average_pool(h)
        totals = []
        for part, before, a, b in zip(
            out.split(channels, 1), arriving, skip.unbind(), pool.unbind(), strict=True
        ):
            total = torch.addcmul(part, h, a).addcmul_(pooled, b)
            totals.append(total if before is None else total.add_(before))
        ctx.save_for_backward(
            h, rectified, y3, skip, pool, conv1, conv3, scale3, mean3, inverse3, mean, covariance,
            factor, deviation,
        )  # fmt: skip
        ctx.eps3 = norm3.eps
        return tuple(totals)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (
            h, rectified, y3, skip, pool, conv1, conv3, scale3, mean3, inverse3, mean, covariance,
            factor, deviation,
        ) = ctx.saved_tensors  # fmt: skip
        of_h, of_skip, of_pool, of_beta1, of_beta3, of_conv1, of_conv3 = ctx.needs_input_grad[:7]
        channels, edges = h.shape[1], len(skip)
        gathered = grads[0] if edges == 1 else torch.cat(grads, 1)
        half = h.dtype in HALF
        if half:  # of two layouts PyTorch's batch norm on a CPU sums in half precision
            gathered = gathered.contiguous(memory_format=torch.channels_last)
        kernel, count = conv1.flatten(1), h.numel() // channels
        dy3, of_scale3, total = torch.ops.aten.native_batch_norm_backward(
            gathered, y3, scale3, None, None, mean3, inverse3, True, ctx.eps3, [True, True, True]
        )
        dr = of_weight3 = None
        if of_h or of_conv3:
            dr, of_weight3, _ = torch.ops.aten.convolution_backward(
                dy3, rectified, conv3.to(h.dtype), None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1,
                [of_h, of_conv3, False],
            )  # fmt: skip
        del dy3
        # The 1×1 convolutions and their norms, from sums over the batch.
        weighted = factor[:, None] * kernel
        dr1 = None
        if of_h or not half:
            dr1, gram, _ = torch.ops.aten.convolution_backward(
                gathered, rectified, pointwise(weighted).to(h.dtype), None, [1, 1], [0, 0], [1, 1],
                False, [0, 0], 1, [of_h, not half, False],
            )  # fmt: skip
        if half:  # Σg·m is subtracted from it: it must not be rounded to half precision first
            gram = wide(rows_of(gathered)).t() @ wide(rows_of(rectified))
        gram = gram.flatten(1)
        u = ((gram - total[:, None] * mean) * kernel).sum(1)
        ratio = u / deviation.square()
        of_weight1 = None
        if of_conv1:
            inner = gram - total[:, None] * mean - ratio[:, None] * (kernel @ covariance)
            of_weight1 = (factor[:, None] * inner).reshape(conv1.shape)
        dh = None
        if dr is not None and of_h:
            pull = weighted.t() @ (ratio[:, None] * kernel) / count
            constant = pull @ mean - weighted.t() @ total / count
            back = pointwise(-pull).to(h.dtype), constant.to(h.dtype)
            dr.add_(dr1).add_(F.conv2d(rectified, *back))
            dh = torch.ops.aten.threshold_backward(dr, rectified, 0)
            for weight, grad in zip(skip.unbind(), grads, strict=True):
                dh.addcmul_(grad, weight)
            dh.add_(fast_average_pool_backward(weighted_sum(pool, grads)))
        return (
            dh,
            weighted_dots(h, grads) if of_skip else None,
            weighted_dots(fast_average_pool(h), grads) if of_pool else None,
            (u / deviation).view(edges, channels).sum(1) if of_beta1 else None,
            of_scale3.view(edges, channels).sum(1) if of_beta3 else None,
            of_weight1,
            None if of_weight3 is None else of_weight3.to(conv3.dtype),
            None,
            None,
            *(grad if wanted else None
              for grad, wanted in zip(grads, ctx.needs_input_grad[9:], strict=True)),
        )  # fmt: skip
