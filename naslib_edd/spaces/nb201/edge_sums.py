"""What a node sends along each edge that leaves it: one function, the backward by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from naslib_edd.supernet.precision import HALF, as_given


def edge_sums(a: Tensor, b: Tensor, w: Tensor, v: Tensor, *batched: Tensor) -> tuple[Tensor, ...]:
    """w_e·a + v_e·b + Σ batched_e for every edge e.

    Args:
        a, b: the node's value and its pool, [B, C, H, W].
        w, v: weights of skip and pool, [E].
        batched: outputs of the batched operations, already weighted, [B, E·C, H, W] each.

    Returns:
        E tensors of a's shape.
    """
    with as_given(a):
        outputs: tuple[Tensor, ...] = EdgeSums.apply(a, b, w, v, *batched)  # type: ignore[no-untyped-call]
    return outputs


class EdgeSums(torch.autograd.Function):
    """:func:`edge_sums`.

    The backward makes one pass an edge for a and b, takes the weights'
    gradients as dot products, with no product tensor of full size, and gathers the gradient of the
    batched operations once for all of them.
    """

    @staticmethod
    def forward(
        ctx: Any, a: Tensor, b: Tensor, w: Tensor, v: Tensor, *batched: Tensor
    ) -> tuple[Tensor, ...]:
        """The E sums."""
        ctx.save_for_backward(a, b, w, v)
        if not batched:
            return tuple(torch.addcmul(a * w[e], b, v[e]) for e in range(len(w)))
        # The batched outputs add up in one pass over all edges, before they part.
        together = batched[0] if len(batched) == 1 else batched[0] + batched[1]
        for outputs in batched[2:]:
            together += outputs
        return tuple(
            torch.addcmul(part, a, w[e]).addcmul_(b, v[e])
            for e, part in enumerate(together.chunk(len(w), 1))
        )

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of a, b, w, v and the batched, each only where it is wanted."""
        a, b, w, v = ctx.saved_tensors
        of_a, of_b, of_w, of_v, *of_batched = ctx.needs_input_grad
        gathered = torch.cat(grads, 1) if any(of_batched) else None
        return (
            weighted_sum(w, grads) if of_a else None,
            weighted_sum(v, grads) if of_b else None,
            weighted_dots(a, grads) if of_w else None,
            weighted_dots(b, grads) if of_v else None,
            *(gathered if wanted else None for wanted in of_batched),
        )


def weighted_dots(x: Tensor, tensors: Sequence[Tensor]) -> Tensor:
    """⟨x, tensor⟩ of each tensor, all of one shape: [E]."""
    return torch.stack([dot(x, tensor) for tensor in tensors])


def weighted_sum(weights: Tensor, tensors: Sequence[Tensor]) -> Tensor:
    """Σ weight · tensor, for weights [E] and E tensors of one shape."""
    total = tensors[0] * weights[0]
    for weight, tensor in zip(weights[1:], tensors[1:], strict=True):
        total.addcmul_(tensor, weight)
    return total


def dot(x: Tensor, y: Tensor) -> Tensor:
    """Σ x·y over two tensors of one shape, without a product tensor where their memory allows.

    Of half-precision tensors in fp32.
    """
    if x.dtype in HALF:
        return (x * y).sum(dtype=torch.float32)
    for layout in (torch.contiguous_format, torch.channels_last):
        if x.is_contiguous(memory_format=layout) and y.is_contiguous(memory_format=layout):
            # The same order in memory: one pass, no product tensor.
            return torch.dot(_in_memory_order(x, layout), _in_memory_order(y, layout))
    return (x * y).sum()


def _in_memory_order(x: Tensor, layout: torch.memory_format) -> Tensor:
    return (x if layout is torch.contiguous_format else x.permute(0, 2, 3, 1)).reshape(-1)
