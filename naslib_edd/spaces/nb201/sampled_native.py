"""A cell along a sampled path, in training: one function, with the kernels of ``native``.

The function of :mod:`naslib_edd.spaces.nb201.sampled`, and its backward pass by hand. PyTorch
computes the convolutions; around them a node's value is one pass over what arrives there (norms,
sum and ReLU), its gradient's sums are one, the norms' backward is one, and the gradient itself is
one. Convolutions of one kernel that leave one node are one convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, EDGES, NODES, NONE, POOL, SKIP
from naslib_edd.supernet.layers import BatchNorm
from naslib_edd.supernet.native import Kernels, native_kernels
from naslib_edd.supernet.native.sampled import Term


class Group(NamedTuple):
    """Convolutions of one kernel on edges that leave one node.

    Attributes:
        source: the node.
        padding: of the convolutions.
        norm: the batch norm of all edges that leave the node.
        rows: the edges.
        places: where their channels are in the norm and in the weight, edge by edge.
        alive: the output depends on them; if not, only their norms' statistics do.
    """

    source: int
    padding: int
    norm: BatchNorm
    rows: tuple[int, ...]
    places: tuple[int, ...]
    alive: bool


def zeros(ops: Sequence[int]) -> tuple[bool, ...]:
    """The nodes that only `none` leads to, through any number of edges: their value is zero."""
    found = [False] * NODES
    for node in range(1, NODES):
        found[node] = all(
            ops[row] == NONE or found[source]
            for row, (source, target) in enumerate(EDGES)
            if target == node
        )
    return tuple(found)


def used(ops: Sequence[int]) -> tuple[bool, ...]:
    """The nodes that some path leads from to the output."""
    found = [False] * NODES
    found[-1] = True
    for node in reversed(range(NODES - 1)):
        found[node] = any(
            ops[row] != NONE and found[target]
            for row, (source, target) in enumerate(EDGES)
            if source == node
        )
    return tuple(found)


def needed(ops: Sequence[int], alive: Sequence[bool]) -> tuple[bool, ...]:
    """The nodes whose value some norm's statistics or the output depend on."""
    found = list(alive)
    for node in reversed(range(NODES - 1)):
        leaving = [(ops[r], target) for r, (source, target) in enumerate(EDGES) if source == node]
        found[node] |= any(op in (CONV1, CONV3) or (op != NONE and found[t]) for op, t in leaving)
    return tuple(found)


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
                outputs.append(_convolved(native, group, kernel, rectified, arriving))
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
        last = grads[-1] = _last(given[0])
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
                of_r, of_kernels[number] = _back(
                    native, group, kernels[number], positive[source], outputs[number],
                    [grads[EDGES[row][1]] for row in group.rows],
                    [backs[row] for row in group.rows], wants,
                )  # fmt: skip
                behind += [] if of_r is None else [_last(of_r)]
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


def _convolved(
    native: Kernels,
    group: Group,
    kernel: Tensor,
    rectified: Tensor,
    arriving: list[dict[int, Term]],
) -> Tensor | None:
    """A group's convolutions, which are terms of their targets; None where no gradient comes."""
    y = _last(F.conv2d(rectified, _parts(kernel, group.places, rectified.shape[1]),
                       padding=group.padding))  # fmt: skip
    mean, variance = native.moments(y)
    _update(group, mean, variance, y.numel() // y.shape[1])
    width = rectified.shape[1]
    gains, means = (variance + group.norm.eps).rsqrt().split(width), mean.split(width)
    for place, (row, gain, centre) in enumerate(zip(group.rows, gains, means, strict=True)):
        arriving[EDGES[row][1]][row] = Term(y, place, gain, centre)
    return y if group.alive else None


def _back(
    native: Kernels,
    group: Group,
    kernel: Tensor,
    rectified: Tensor | None,
    y: Tensor | None,
    grads: Sequence[Tensor | None],
    backs: Sequence[tuple[Tensor, Tensor, Tensor]],
    wants: list[bool],
) -> tuple[Tensor | None, Tensor | None]:
    """Of what a group's convolutions read, and of their whole weight."""
    assert rectified is not None and y is not None
    gain, slope, rest = (torch.cat(parts) for parts in zip(*backs, strict=True))
    targets = [grad for grad in grads if grad is not None]
    dy = native.norm_backward(targets, y, gain, slope, rest)
    width, pad = rectified.shape[1], group.padding
    of_r, of_part, _ = torch.ops.aten.convolution_backward(
        dy, rectified, _parts(kernel, group.places, width), None,
        [1, 1], [pad, pad], [1, 1], False, [0, 0], 1, [*wants, False],
    )  # fmt: skip
    if of_part is None:
        return of_r, None
    whole = torch.zeros_like(kernel)
    for place, part in zip(group.places, of_part.split(width), strict=True):
        whole[place * width : (place + 1) * width] = part
    return of_r, whole


def _parts(kernel: Tensor, places: Sequence[int], width: int) -> Tensor:
    """The weights of the edges at these places, one after the other."""
    if len(places) * width == len(kernel):
        return kernel
    if places == tuple(range(places[0], places[0] + len(places))):
        return kernel[places[0] * width : (places[-1] + 1) * width]
    return torch.cat([kernel[place * width : (place + 1) * width] for place in places])


def _update(group: Group, mean: Tensor, variance: Tensor, count: int) -> None:
    """The norm's running statistics, of its edges that are on the path."""
    norm = group.norm
    if norm.running_mean is None or norm.running_var is None:
        return
    width = len(mean) // len(group.places)
    unbiased = variance * (count / max(count - 1, 1))
    for place, one, other in zip(
        group.places, mean.split(width), unbiased.split(width), strict=True
    ):
        part = slice(place * width, (place + 1) * width)
        norm.running_mean[part].lerp_(one, norm.momentum)
        norm.running_var[part].lerp_(other, norm.momentum)


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


def _last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
