"""A sampled path: of each edge, the one operation whose weight is 1 (GDAS).

Nothing else is computed. As in GDAS' release, an edge's output is its operation's, times its
weight, plus the other weights as numbers: they are 0 and change nothing, but each of them has a
gradient, the sum of ∂l/∂(the edge's output) over all positions. Source: Dong & Yang 2019,
"Searching for a Robust Neural Architecture in Four GPU Hours", and its release for NAS-Bench-201,
D-X-Y/AutoDL-Projects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from naslib_edd.spaces.nb201.edge_sums import dot
from naslib_edd.spaces.nb201.encoding import EDGES, NODES
from naslib_edd.supernet.one_hot import one_hot_ops
from naslib_edd.supernet.precision import as_given, wide


def sampled_ops(weights: Tensor) -> tuple[int, ...] | None:
    """The operation on each edge of β [edges, operations], or None if a row is not one-hot.

    Exactly one-hot: a fast path may then leave the multiplication by 1 out.
    """
    ops = one_hot_ops(weights)
    there = () if ops is None else tuple(op for op in ops if op is not None)
    return there if len(there) == len(weights) else None


@dataclass(frozen=True)
class Path:
    """What the cells of a fast supernet need of a sample, made once for all of them.

    Attributes:
        ops: the operation on each edge.
        chosen: its weight, a scalar an edge; None where no gradient of β is wanted.
        others: for each node, the sum of all other weights on the edges that enter it; likewise.
        both: the two as tensors [edges] and [nodes]; likewise.
    """

    ops: tuple[int, ...]
    chosen: tuple[Tensor, ...] | None
    others: tuple[Tensor, ...] | None
    both: tuple[Tensor, Tensor] | None


def path_of(weights: Tensor, ops: Sequence[int]) -> Path:
    """The path of a sample: one-hot β [edges, operations] and where its ones are."""
    ops = tuple(ops)
    if not (weights.requires_grad and torch.is_grad_enabled()):
        return Path(ops, None, None, None)
    chosen = weights.gather(1, weights.detach().argmax(1, keepdim=True))[:, 0]
    others = weights.new_zeros(NODES).index_add(
        0, _targets(weights.device), weights.sum(1) - chosen
    )
    return Path(ops, chosen.unbind(), others.unbind(), (chosen, others))


@lru_cache(maxsize=8)
def _targets(device: torch.device) -> Tensor:
    """The node that each edge enters; kept, for a GPU waits for what comes from the host."""
    with torch.inference_mode(False):
        return torch.tensor([node for _, node in EDGES], device=device)


def node_sum(
    arriving: Sequence[tuple[Tensor, Tensor | None]], others: Tensor | None, *, like: Tensor
) -> Tensor | None:
    """Σ weight · tensor + others, for weights that are 1 and ``others`` that is 0.

    Args:
        arriving: tensors [B, C, H, W], each with its weight, a scalar, or None where it is weighted
            already.
        others: a scalar, or None where no gradient of β is wanted.
        like: of the sum's shape, where nothing arrives.

    Returns:
        The sum; None for a zero without a gradient.
    """
    if others is None:
        if not arriving:
            return None
        total = arriving[0][0]
        for tensor, _ in arriving[1:]:
            total = total + tensor
        return total
    weighted = [(tensor, weight) for tensor, weight in arriving if weight is not None]
    with as_given(like):
        out: Tensor = NodeSum.apply(  # type: ignore[no-untyped-call]
            like.detach(),
            others,
            len(weighted),
            *(tensor for tensor, _ in weighted),
            *(weight for _, weight in weighted),
            *(tensor for tensor, weight in arriving if weight is None),
        )
    return out


class NodeSum(torch.autograd.Function):
    """:func:`node_sum` with gradients.

    The tensors' gradients are the sum's own, without a pass; the weights' are dot products, and
    that of ``others`` is one sum over the gradient.
    """

    @staticmethod
    def forward(ctx: Any, like: Tensor, others: Tensor, count: int, *given: Tensor) -> Tensor:
        """given: ``count`` tensors, their weights, and the tensors that have none."""
        weighted, rest = given[:count], given[2 * count :]
        ctx.count, ctx.rest = count, len(rest)
        ctx.save_for_backward(*weighted)
        tensors = [*weighted, *rest]
        if not tensors:
            return torch.zeros_like(like)
        if len(tensors) == 1:
            return tensors[0].view_as(tensors[0])
        total = tensors[0] + tensors[1]
        for tensor in tensors[2:]:
            total += tensor
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Of everything that was given."""
        (grad,) = grads
        return (
            None,
            wide(grad).sum(),
            None,
            *[grad] * ctx.count,
            *(dot(tensor, grad) for tensor in ctx.saved_tensors),
            *[grad] * ctx.rest,
        )
