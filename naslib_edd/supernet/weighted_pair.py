"""Skip and pool of a node, weighted for each edge that leaves it; the backward by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def weighted_pair(a: Tensor, b: Tensor, w: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    """w_e·a + v_e·b for every edge e: a, b [B, C, H, W]; w, v [E] → E tensors of a's shape."""
    outputs: tuple[Tensor, ...] = WeightedPair.apply(a, b, w, v)  # type: ignore[no-untyped-call]
    return outputs


class WeightedPair(torch.autograd.Function):
    """:func:`weighted_pair`.

    The backward makes one pass an
    edge and takes the weights' gradients as dot products, with no product tensor of full size.
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, w: Tensor, v: Tensor) -> tuple[Tensor, ...]:
        """The E weighted sums."""
        ctx.save_for_backward(a, b, w, v)
        return tuple(torch.addcmul(a * w[e], b, v[e]) for e in range(len(w)))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of a, b, w, v, each only where it is wanted."""
        a, b, w, v = ctx.saved_tensors
        of_a, of_b, of_w, of_v = ctx.needs_input_grad
        return (
            _combine(w, grads) if of_a else None,
            _combine(v, grads) if of_b else None,
            torch.stack([_dot(a, grad) for grad in grads]) if of_w else None,
            torch.stack([_dot(b, grad) for grad in grads]) if of_v else None,
        )


def _combine(weights: Tensor, tensors: Sequence[Tensor]) -> Tensor:
    total = tensors[0] * weights[0]
    for weight, tensor in zip(weights[1:], tensors[1:], strict=True):
        total.addcmul_(tensor, weight)
    return total


def _dot(x: Tensor, y: Tensor) -> Tensor:
    for layout in (torch.contiguous_format, torch.channels_last):
        if x.is_contiguous(memory_format=layout) and y.is_contiguous(memory_format=layout):
            # The same order in memory: one pass, no product tensor.
            return torch.dot(_in_memory_order(x, layout), _in_memory_order(y, layout))
    return (x * y).sum()


def _in_memory_order(x: Tensor, layout: torch.memory_format) -> Tensor:
    return (x if layout is torch.contiguous_format else x.permute(0, 2, 3, 1)).reshape(-1)
