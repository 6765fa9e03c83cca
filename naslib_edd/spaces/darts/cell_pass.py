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

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from naslib_edd.spaces.darts.cell import DartsCell
from naslib_edd.spaces.darts.cell_backward import Backward
from naslib_edd.spaces.darts.cell_kernels import CellKernels, cell_kernels
from naslib_edd.spaces.darts.kept import Kept, affine, inverse, weight_of
from naslib_edd.spaces.darts.layout import INPUTS, NODES
from naslib_edd.spaces.darts.plan import Plan
from naslib_edd.spaces.darts.reduced import reduced
from naslib_edd.spaces.darts.rest import edge_weights_of, joined, parted, rest_of

#: Value and statistics of both pools of a node, largest first.
Pools = Sequence[tuple[Tensor, Tensor] | None]


class Setting(NamedTuple):
    """What a pass is given beside tensors.

    Attributes:
        cell: whose operations they are.
        plan: what is computed.
        see: told what was kept, for the running statistics.
    """

    cell: DartsCell
    plan: Plan
    see: Callable[[list[Kept]], None]


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
        cell, plan, see = setting
        kernels = cell_kernels(s0)
        nodes, width, dtype = [s0, s1], cell.width, s0.dtype
        parts: list[Tensor] = []
        rests: list[Tensor] = []
        pooled: list[Pools] = []
        kept: list[Kept] = []
        for target in range(INPUTS, NODES):
            for source in range(len(parts), target):
                parts.append(parted(nodes[source], width))
                stride = plan.strides[source]
                pooled.append(kernels.pools(parts[-1], stride=stride, **plan.pools[source]))
                if width < cell.channels:
                    rests.append(rest_of(nodes[source], width, stride))
            found = _enter(kernels, setting, target, parts, pooled, weights)
            if found.values:
                weight = weight_of(plan, target, beta, edge_weights)
                gain = weight[:, None] * inverse(found.statistics)
                constant = -(gain * found.statistics[:, 0]).sum(0)
                node = kernels.weighted(found.values, gain.to(dtype), constant.to(dtype))
            else:
                step = 2 if cell.strided else 1
                node = torch.zeros_like(s0[:, :width, ::step, ::step]).contiguous(
                    memory_format=torch.channels_last
                )
            if width < cell.channels:
                gain = edge_weights_of(plan.entering[target], edge_weights, node)
                gain = gain[:, None].expand(-1, rests[0].shape[1])
                node = joined(node, kernels.weighted(rests, gain, gain.new_zeros(gain.shape[1])))
            nodes.append(node)
            kept.append(found)
        see(kept)
        tensors = [*nodes, *weights, beta, edge_weights]
        for found in kept:
            tensors += [*found.values, *found.inner, *found.inner_statistics, found.statistics]
        ctx.save_for_backward(*tensors)
        ctx.cell, ctx.plan = cell, plan
        return torch.cat(nodes[INPUTS:], 1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the two inputs, β, the edge weights and the weights."""
        plan: Plan = ctx.plan
        left = iter(ctx.saved_tensors)

        def some(count: int) -> list[Any]:
            return [next(left) for _ in range(count)]

        nodes, weights, (beta, edge_weights) = some(NODES), some(plan.weights), some(2)
        kept = []
        for terms in plan.terms.values():
            values, inner, statistics = (some(len(terms)) for _ in range(3))
            kept.append(Kept(values, inner, statistics, next(left)))
        back = Backward(
            ctx.cell, plan, nodes, weights, beta, edge_weights, kept, ctx.needs_input_grad
        )
        return back.run(grads[0])


def _enter(
    kernels: CellKernels,
    setting: Setting,
    target: int,
    parts: Sequence[Tensor],
    pooled: Sequence[Pools],
    weights: Sequence[Tensor],
) -> Kept:
    """All that enters a node, before its norms."""
    found = Kept([], [], [], torch.empty(0, 2, setting.cell.width, dtype=torch.float64))
    statistics: list[Tensor] = []
    for term in setting.plan.terms[target]:
        part, inner, inner_statistics = parts[term.source], None, None
        if term.kind in ("max", "avg"):
            pool = pooled[term.source][term.kind == "avg"]
            assert pool is not None
            value, own = pool
        elif term.kind == "skip":
            value, own = part, Kept.no_norm(part)
        elif term.kind == "noise":
            value = setting.cell.operation(term.place, term.op)(part)
            value = value.contiguous(memory_format=torch.channels_last)
            own = Kept.no_norm(part)
        elif term.kind == "reduce":
            value, own = reduced(part, *weights[term.first : term.first + 2])
        else:
            at, stride = term.first, term.stride
            value, own = kernels.separable(
                part, None, *weights[at : at + 2], stride=stride, dilation=term.dilation
            )
            if term.kind == "sep":
                inner, inner_statistics = value, own
                value, own = kernels.separable(
                    inner, affine(own, part.dtype), *weights[at + 2 : at + 4], stride=1, dilation=1
                )
        found.values.append(value)
        found.inner.append(inner)
        found.inner_statistics.append(inner_statistics)
        statistics.append(own)
    return found._replace(statistics=torch.stack(statistics)) if statistics else found
