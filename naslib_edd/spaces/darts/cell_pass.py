"""A search cell in a training step, as one function with its backward pass by hand.

The same function as :class:`~naslib_edd.spaces.darts.cell.DartsCell`'s, but for rounding. What it
saves:

1. ReLU, depthwise and 1×1 convolution are one pass (:mod:`naslib_edd.spaces.darts.cell_kernels`),
   and the norm of a separable convolution's first half is applied where the second half reads it;
   the sums that norms need are taken on the way. Of an operation only the inputs of its norms are
   kept, and the depthwise convolutions are computed again in the backward pass.
2. The pools of a node, and their norms, which are not affine, serve all edges that leave it.
3. β, the last norms of all operations and the sum over edges are one weighted sum a node:
   Σ β(z − μ)/σ. With g a node's gradient, N positions and q = mean(g·(z − μ))/σ², the gradient of
   z is (β/σ)·(g − mean(g) − q·(z − μ)), and of β: N·Σ_c q·σ. Both need only Σg and Σg·z.
4. What leaves a node is gathered once, behind one ReLU.

Where neither weights nor the cell's inputs need a gradient (the first cell in the step of the
logits) nothing of the backward pass is computed for the edges from its inputs but that of β.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from naslib_edd.spaces.darts.cell import DartsCell
from naslib_edd.spaces.darts.cell_backward import Backward, Saved
from naslib_edd.spaces.darts.cell_kernels import cell_kernels
from naslib_edd.spaces.darts.layout import INPUTS, NODES
from naslib_edd.spaces.darts.norms import MOMENTUM
from naslib_edd.spaces.darts.plan import Plan
from naslib_edd.spaces.darts.rest import edge_weights_of, joined, parted, rest_of
from naslib_edd.supernet.native.terms import Entered, Terms

#: Value and statistics of both pools of a node, largest first.
Pools = Sequence[tuple[Tensor, Tensor] | None]


class Setting(NamedTuple):
    """What a pass is given beside tensors.

    Attributes:
        cell: whose operations they are.
        plan: what is computed.
    """

    cell: DartsCell
    plan: Plan


class CellPass(torch.autograd.Function):
    """The cell: see :class:`~naslib_edd.spaces.darts.cell.DartsCell`; weights as in the plan."""

    @staticmethod
    def forward(
        ctx: Any,
        setting: Setting,
        s0: Tensor,
        s1: Tensor,
        beta: Tensor,
        edge_weights: Tensor | None,
        *weights: Tensor,
    ) -> Tensor:
        """[B, 4C, H, W], or half the size."""
        cell, plan = setting
        kernels = cell_kernels(s0)
        nodes, width, left = [s0, s1], cell.width, iter(weights)
        parts: list[Tensor] = []
        rests: list[Tensor] = []
        pooled: list[Pools] = []
        given: list[Tensor | None] = []
        kept: list[Entered] = []
        weight = weight_of(plan, beta, edge_weights)
        for number, shares in enumerate(weight.split(plan.counts)):
            for source in range(len(parts), len(nodes)):
                parts.append(parted(nodes[source], width))
                stride = plan.strides[source]
                pooled.append(kernels.pools(parts[-1], stride=stride, **plan.pools[source]))
                if width < cell.channels:
                    rests.append(rest_of(nodes[source], width, stride))
            terms = plan.terms[number]
            outside = _outside(cell, terms, parts, pooled)
            own = [next(left) for _ in range(plan.weights[number])]
            if terms:
                node, entered = kernels.node(terms, parts, outside, own, shares)
            else:
                node, entered = _nothing(parts[0], 2 if cell.strided else 1)
            if width < cell.channels:
                gain = edge_weights_of(plan.entering[number], edge_weights, node)
                gain = gain[:, None].expand(-1, rests[0].shape[1])
                node = joined(node, kernels.weighted(rests, gain, gain.new_zeros(gain.shape[1])))
            nodes.append(node)
            kept.append(entered)
            given += [None if one is None else one[0] for one in outside]
        _see(plan, kept, nodes[-1].numel() // nodes[-1].shape[1])
        tensors = [*nodes, *weights, beta, edge_weights, weight, *given]
        for entered in kept:
            tensors += [entered.statistics, entered.inner, *entered.computed]
        ctx.save_for_backward(*tensors)
        ctx.cell, ctx.plan = cell, plan
        ctx.computed = [len(entered.computed) for entered in kept]
        return torch.cat(nodes[INPUTS:], 1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the two inputs, β, the edge weights and the weights."""
        plan: Plan = ctx.plan
        left = iter(ctx.saved_tensors)

        def some(count: int) -> list[Any]:
            return [next(left) for _ in range(count)]

        nodes, weights = some(NODES), [some(count) for count in plan.weights]
        beta, edge_weights, weight = some(3)
        given = [some(count) for count in plan.counts]
        kept = []
        for count in ctx.computed:
            statistics, inner = some(2)
            kept.append(Entered(some(count), statistics, inner))
        shares = weight.split(plan.counts)
        saved = Saved(nodes, weights, beta, edge_weights, shares, given, kept)
        return Backward(ctx.cell, plan, saved, ctx.needs_input_grad).run(grads[0])


def weight_of(plan: Plan, beta: Tensor, edge_weights: Tensor | None) -> Tensor:
    """The weight of each term, fp64 [terms]."""
    rows = plan.rows.to(beta.device)
    found = beta[rows, plan.columns.to(beta.device)].double()
    return found if edge_weights is None else found * edge_weights[rows].double()


def _outside(
    cell: DartsCell, terms: Terms, parts: Sequence[Tensor], pooled: Sequence[Pools]
) -> list[tuple[Tensor, Tensor | None] | None]:
    """Value and statistics of the terms that are not computed at the node: pools and noise."""
    found: list[tuple[Tensor, Tensor | None] | None] = []
    for term in terms:
        if term.kind == "noise":
            value = cell.operation(term.place, term.op)(parts[term.source])
            found.append((value.contiguous(memory_format=torch.channels_last), None))
        elif term.kind in ("max", "avg"):
            found.append(pooled[term.source][term.kind == "avg"])
        else:
            found.append(None)
    return found


def _nothing(part: Tensor, stride: int) -> tuple[Tensor, Entered]:
    """A node that nothing enters."""
    zeros = torch.zeros_like(part[:, :, ::stride, ::stride])
    none = part.new_zeros(0, 2, part.shape[1], dtype=torch.float64)
    return zeros.contiguous(memory_format=torch.channels_last), Entered([], none, none)


def _see(plan: Plan, kept: Sequence[Entered], count: int) -> None:
    """Move the running statistics of all norms, as a pass through them would.

    Args:
        plan: of the cell.
        kept: of each node that is no input.
        count: numbers that the statistics are of, each.
    """
    means = [norm.running_mean for norm in plan.norms if norm.running_mean is not None]
    variances = [norm.running_var for norm in plan.norms if norm.running_var is not None]
    if not means:
        return
    last = torch.cat([entered.statistics for entered in kept])
    middle = torch.cat([entered.inner for entered in kept])
    device = last.device
    together = torch.cat([last[plan.normed.to(device)], middle[plan.twice.to(device)]])
    together[:, 1] *= count / max(count - 1, 1)
    together = together.to(means[0].dtype)
    torch._foreach_lerp_(means, list(together[:, 0].unbind()), MOMENTUM)
    torch._foreach_lerp_(variances, list(together[:, 1].unbind()), MOMENTUM)
