"""A cell along a sampled path, in training: one function, with the kernels of ``native``.

The function of :mod:`naslib_edd.spaces.nb201.sampled`, and its backward pass by hand. PyTorch
computes the convolutions; around them a node's value is one pass over what arrives there (norms,
sum and ReLU), its gradient's sums are one, the norms' backward is one, and the gradient itself is
one. Convolutions of one kernel that leave one node are one convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from naslib_edd.spaces.nb201.encoding import EDGES, NODES, POOL, SKIP
from naslib_edd.spaces.nb201.sampled_convs import Group, back, convolved
from naslib_edd.spaces.nb201.sampled_nodes import needed, used, zeros
from naslib_edd.supernet.native import Kernels, native_kernels
from naslib_edd.supernet.native.convolutions import channels_last
from naslib_edd.supernet.native.sampled import Term


def cell_along(
    x: Tensor,
    ops: tuple[int, ...],
    weights: tuple[Tensor, Tensor] | None,
    groups: Sequence[Group],
    kernels: Sequence[Tensor],
) -> Tensor:
    """The cell's output [B, C, H, W] for x of that shape, channels-last.

    Args:
        x: the cell's input.
        ops: the operation on each edge.
        weights: those of the operations [edges], which are 1, and for each node the sum of all
            others that enter it [nodes], which are 0; None where their gradients are not wanted.
        groups: all convolutions on the path; none leaves a node whose value is zero.
        kernels: the weight [E·C, C, k, k] of each group.
    """
    out: Tensor = _CellAlong.apply(  # type: ignore[no-untyped-call]
        x, *(weights or (None, None)), ops, tuple(groups), *kernels
    )
    return out


class _CellAlong(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        chosen: Tensor | None,
        others: Tensor | None,
        ops: tuple[int, ...],
        groups: tuple[Group, ...],
        *kernels: Tensor,
    ) -> Tensor:
        native = _native(x)
        zero, alive = zeros(ops), used(ops)
        computed = needed(ops, alive)
        arriving: list[dict[int, Term]] = [{} for _ in range(NODES)]
        positive: list[Tensor | None] = [None] * NODES
        outputs: list[Tensor | None] = []
        value: Tensor | None = x
        for source in range(NODES - 1):
            own = [(group, kernels[n]) for n, group in enumerate(groups) if group.source == source]
            if source:
                value = None
                if arriving[source] and computed[source]:
                    value, positive[source] = native.combine(
                        list(arriving[source].values()),
                        like=x,
                        value=_passed_on(ops, source),
                        rectified=bool(own),
                    )
            elif own:
                positive[0] = x.relu()
            for group, kernel in own:
                rectified = positive[source]
                assert rectified is not None
                outputs.append(convolved(native, group, kernel, rectified, arriving))
            pooled = None
            for row, (start, target) in enumerate(EDGES):
                if start != source or zero[source] or value is None or not computed[target]:
                    continue
                if ops[row] == SKIP:
                    arriving[target][row] = Term(value)
                elif ops[row] == POOL:
                    pooled = native.average_pool(value) if pooled is None else pooled
                    arriving[target][row] = Term(pooled)
        last = list(arriving[-1].values())
        every = ctx.needs_input_grad[1]
        kept = [
            {
                row: term
                for row, term in terms.items()
                if alive[node] and (every or term.gain is not None)
            }
            for node, terms in enumerate(arriving)
        ]
        _keep(ctx, kept, positive, outputs, kernels)
        ctx.ops, ctx.groups, ctx.alive = ops, groups, alive
        if not last:
            return torch.zeros_like(x)
        out, _ = native.combine(last, like=x, value=True, rectified=False)
        assert out is not None
        return out.view_as(out) if last[0].batched is out else out

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        """Of x, the weights and the kernels, each only where it is wanted."""
        arriving, positive, outputs, kernels = _kept(ctx)
        grads: list[Tensor | None] = [None] * NODES
        last = grads[-1] = channels_last(given[0])
        native = _native(last)
        count = last.numel() // last.shape[1]
        of_x, of_chosen, of_others = ctx.needs_input_grad[:3]
        of_weights = last.new_zeros(len(EDGES)), last.new_zeros(NODES)
        of_kernels: list[Tensor | None] = [None] * len(kernels)
        backs: dict[int, tuple[Tensor, Tensor, Tensor]] = {}
        for source in reversed(range(NODES - 1)):
            grad = grads[source + 1]
            if grad is not None:
                terms = arriving[source + 1]
                if terms or of_others:
                    total, along = native.arriving(grad, list(terms.values()))
                    if of_others:
                        of_weights[1][source + 1] = total.sum()
                    for (row, term), sums in zip(terms.items(), along.unbind(), strict=True):
                        scaled = sums if term.gain is None else sums * term.gain
                        if of_chosen:
                            of_weights[0][row] = scaled.sum()
                        if term.gain is not None and term.mean is not None:
                            slope = term.gain.square() * scaled / -count
                            rest = term.gain * total / -count - slope * term.mean
                            backs[row] = term.gain, slope, rest
            behind: list[Tensor] = []
            for number, group in enumerate(ctx.groups):
                wants = [of_x or source > 0, ctx.needs_input_grad[5 + number]]
                if group.source != source or not group.alive or not any(wants):
                    continue
                of_r, of_kernels[number] = back(
                    native, group, kernels[number], positive[source], outputs[number],
                    [grads[EDGES[row][1]] for row in group.rows],
                    [backs[row] for row in group.rows], wants,
                )  # fmt: skip
                behind += [] if of_r is None else [channels_last(of_r)]
            if source == 0 and not of_x:
                continue
            leaving = [
                (ctx.ops[row], grads[target])
                for row, (start, target) in enumerate(EDGES)
                if start == source and ctx.alive[target]
            ]
            past = [grad for op, grad in leaving if op == SKIP and grad is not None]
            pooled = [grad for op, grad in leaving if op == POOL and grad is not None]
            if pooled:
                together = pooled[0] if len(pooled) == 1 else native.gather((), None, pooled)
                past.append(native.average_pool_backward(together))
            if not behind and len(past) == 1:
                grads[source] = past[0]
            elif behind or past:
                grads[source] = native.gather(behind, positive[source], past)
        if of_x and grads[0] is None:
            grads[0] = torch.zeros_like(given[0])
        return (
            grads[0],
            of_weights[0] if of_chosen else None,
            of_weights[1] if of_others else None,
            None,
            None,
            *of_kernels,
        )


def _passed_on(ops: Sequence[int], source: int) -> bool:
    """Whether a node's value itself leaves it, not only its ReLU."""
    return any(ops[row] in (SKIP, POOL) for row, (start, _) in enumerate(EDGES) if start == source)


Kept = tuple[list[dict[int, Term]], list[Tensor | None], list[Tensor | None], tuple[Tensor, ...]]


def _keep(
    ctx: Any,
    arriving: Sequence[dict[int, Term]],
    positive: Sequence[Tensor | None],
    outputs: Sequence[Tensor | None],
    kernels: Sequence[Tensor],
) -> None:
    """For the backward pass: the tensors as autograd wants them, and where each belongs."""
    rows = [(node, row, term) for node, terms in enumerate(arriving) for row, term in terms.items()]
    ctx.rows = [(node, row, term.place) for node, row, term in rows]
    ctx.sizes = len(positive), len(outputs)
    of_terms = [tensor for _, _, term in rows for tensor in (term.batched, term.gain, term.mean)]
    ctx.save_for_backward(*positive, *outputs, *of_terms, *kernels)


def _kept(ctx: Any) -> Kept:
    """What :func:`_keep` has kept."""
    nodes, groups = ctx.sizes
    tensors = list(ctx.saved_tensors)
    positive, outputs = tensors[:nodes], tensors[nodes : nodes + groups]
    begin = nodes + groups
    arriving: list[dict[int, Term]] = [{} for _ in range(NODES)]
    for number, (node, row, place) in enumerate(ctx.rows):
        batched, gain, mean = tensors[begin + 3 * number : begin + 3 * number + 3]
        arriving[node][row] = Term(batched, place, gain, mean)
    return arriving, positive, outputs, tuple(tensors[begin + 3 * len(ctx.rows) :])


def _native(x: Tensor) -> Kernels:
    found = native_kernels(x)
    assert found is not None
    return found
