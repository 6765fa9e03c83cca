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
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from naslib_edd.spaces.darts.cell_kernels import CellKernels, cell_kernels
from naslib_edd.spaces.darts.layout import INPUTS, NODES
from naslib_edd.spaces.darts.reduced import reduce_backward, reduced
from naslib_edd.spaces.darts.rest import joined, parted, rest_backward, rest_of, unjoined

if TYPE_CHECKING:
    from naslib_edd.spaces.darts.fast import FastDartsCell

EPS = 1e-5


class Term(NamedTuple):
    """One operation on one edge, as far as it depends on the cell alone.

    Attributes:
        place, op: the edge of the cell's 14, and the column.
        source: the node that it leaves.
        kind: ``sep``, ``dil``, ``reduce`` (skip where the edge halves), ``skip``, ``max``,
            ``avg``, ``noise``.
        stride: of the edge.
        dilation: of the convolutions.
        first: where its weights begin among the cell's.
    """

    place: int
    op: int
    source: int
    kind: str
    stride: int
    dilation: int
    first: int


class Kept(NamedTuple):
    """Of one node what the backward pass needs: the inputs of its terms' last norms, and more."""

    values: list[Tensor]  # one a term
    inner: list[Tensor | None]  # the input of a separable convolution's first norm
    inner_statistics: list[Tensor | None]  # [2, C]
    statistics: Tensor  # [terms, 2, C]; of a term without a norm mean 0 and variance 1 − eps


class CellPass(torch.autograd.Function):
    """The cell: see :class:`~naslib_edd.spaces.darts.cell.DartsCell`; weights follow by terms."""

    @staticmethod
    def forward(
        ctx: Any,
        cell: FastDartsCell,
        s0: Tensor,
        s1: Tensor,
        beta: Tensor,
        edge_weights: Tensor | None,
        *weights: Tensor,
    ) -> Tensor:
        """[B, 4C, H, W], or half the size."""
        kernels = cell_kernels(s0)
        nodes, width = [s0, s1], cell.width
        parts: list[Tensor] = []
        rests: list[Tensor] = []
        pooled: list[list[tuple[Tensor, Tensor] | None]] = []
        kept: list[Kept] = []
        for target in range(INPUTS, NODES):
            for source in range(len(parts), target):
                part = parted(nodes[source], width)
                parts.append(part)
                pooled.append(kernels.pools(part, stride=cell.stride(source), **cell.pools[source]))
                if cell.partial:
                    rests.append(rest_of(nodes[source], width, cell.stride(source)))
            found = _enter(kernels, cell, target, parts, pooled, weights)
            gain = _beta(cell, target, beta, edge_weights)[:, None] * _inverse(found.statistics)
            constant = -(gain * found.statistics[:, 0]).sum(0)
            node = kernels.weighted(found.values, gain.to(s0.dtype), constant.to(s0.dtype))
            if cell.partial:
                of_edges = _of_edges(cell, target, edge_weights, rests[0])
                gain = of_edges[:, None].expand(-1, rests[0].shape[1])
                node = joined(node, kernels.weighted(rests, gain, torch.zeros_like(gain[0])))
            nodes.append(node)
            kept.append(found)
        cell.see(kept)
        tensors = [*nodes, *weights, beta, edge_weights]
        for found in kept:
            tensors += [*found.values, *found.inner, *found.inner_statistics, found.statistics]
        ctx.save_for_backward(*tensors)
        ctx.cell, ctx.counts = cell, [len(found.values) for found in kept]
        return torch.cat(nodes[INPUTS:], 1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the two inputs, β, the edge weights and the weights."""
        cell: FastDartsCell = ctx.cell
        saved = list(ctx.saved_tensors)
        nodes, saved = saved[:NODES], saved[NODES:]
        many = cell.weight_count
        weights, (beta, edge_weights), saved = (
            saved[:many],
            saved[many : many + 2],
            saved[many + 2 :],
        )
        kept = []
        for count in ctx.counts:
            kept.append(
                Kept(*(saved[i * count : (i + 1) * count] for i in range(3)), saved[3 * count])
            )
            saved = saved[3 * count + 1 :]
        del saved
        wanted = ctx.needs_input_grad
        back = _Backward(cell, nodes, weights, beta, edge_weights, kept, wanted)
        return back.run(grads[0])


def _enter(
    kernels: CellKernels,
    cell: FastDartsCell,
    target: int,
    parts: Sequence[Tensor],
    pooled: Sequence[Sequence[tuple[Tensor, Tensor] | None]],
    weights: Sequence[Tensor],
) -> Kept:
    """All that enters a node, before its norms."""
    found = Kept([], [], [], torch.empty(0))
    statistics: list[Tensor] = []
    for term in cell.terms[target]:
        part, inner, inner_statistics = parts[term.source], None, None
        if term.kind in ("max", "avg"):
            pool = pooled[term.source][term.kind == "avg"]
            assert pool is not None
            value, own = pool
        elif term.kind == "skip":
            value, own = part, _no_norm(part)
        elif term.kind == "noise":
            value, own = cell.operation(term.place, term.op)(part), _no_norm(part)
            value = value.contiguous(memory_format=torch.channels_last)
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
                    inner, _affine(own, part.dtype), *weights[at + 2 : at + 4], stride=1, dilation=1
                )
        found.values.append(value)
        found.inner.append(inner)
        found.inner_statistics.append(inner_statistics)
        statistics.append(own)
    return found._replace(statistics=torch.stack(statistics))


def _of_edges(
    cell: FastDartsCell, target: int, edge_weights: Tensor | None, like: Tensor
) -> Tensor:
    """The weights of the edges that enter a node, source 0 first."""
    if edge_weights is None:
        return like.new_ones(target)
    return edge_weights[cell.entering(target, like.device)].to(like)


def _no_norm(x: Tensor) -> Tensor:
    statistics = x.new_zeros(2, x.shape[1], dtype=torch.float64)
    statistics[1] = 1 - EPS
    return statistics


def _inverse(statistics: Tensor) -> Tensor:
    """1/σ of statistics [..., 2, C]."""
    return (statistics[..., 1, :] + EPS).rsqrt()


def _affine(statistics: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """A norm as a·x + b."""
    gain = _inverse(statistics)
    return gain.to(dtype), (-gain * statistics[0]).to(dtype)


def _beta(cell: FastDartsCell, target: int, beta: Tensor, edge_weights: Tensor | None) -> Tensor:
    """The weight of each term that enters a node, fp64 [terms]."""
    rows, columns = cell.index(target, beta.device)
    found = beta[rows, columns].double()
    return found if edge_weights is None else found * edge_weights[rows].double()


class _Backward:
    """The backward pass of one cell, node by node from the last."""

    def __init__(
        self,
        cell: FastDartsCell,
        nodes: list[Tensor],
        weights: Sequence[Tensor],
        beta: Tensor,
        edge_weights: Tensor | None,
        kept: list[Kept],
        wanted: Sequence[bool],
    ) -> None:
        self.cell, self.nodes, self.weights, self.kept = cell, nodes, weights, kept
        self.beta, self.edge_weights = beta, edge_weights
        self.kernels = cell_kernels(nodes[0])
        self.parts = [parted(node, cell.width) for node in nodes[:-1]]
        self.wanted = wanted
        self.of_weights: list[Tensor | None] = [None] * len(weights)
        self.of_beta = torch.zeros(beta.shape, dtype=torch.float64, device=beta.device)
        self.of_edges: Tensor | None = None
        if edge_weights is not None:
            self.of_edges = torch.zeros_like(edge_weights, dtype=torch.float64)
        self.rests: list[Tensor | None] = [None] * (NODES - 1)
        # Of each node: the gradient of its ReLU, and of each edge that leaves it the terms below.
        self.behind: list[Tensor | None] = [None] * (NODES - 1)
        self.leaving: list[list[dict[str, Any]]] = [[] for _ in range(NODES - 1)]

    def run(self, grad: Tensor) -> tuple[Tensor | None, ...]:
        """See :meth:`CellPass.backward`."""
        cell = self.cell
        slices = grad.split(cell.channels, 1)
        inputs: list[Tensor | None] = [None, None]
        for node in reversed(range(NODES)):
            if node < INPUTS:
                if self.wanted[1 + node]:
                    inputs[node] = self._gathered(node)
                continue
            own = slices[node - INPUTS]
            if node == NODES - 1:
                total = own.contiguous(memory_format=torch.channels_last)
            else:
                total = self._gathered(node).add_(own)
            self._enter(node, total)
        of_beta = self.of_beta.to(self.beta.dtype) if self.wanted[3] else None
        of_edges = None
        if self.of_edges is not None and self.wanted[4] and self.edge_weights is not None:
            of_edges = self.of_edges.to(self.edge_weights.dtype)
        return (None, *inputs, of_beta, of_edges, *self.of_weights)

    def _needed(self, source: int) -> bool:
        """Whether the gradient of a node's value is needed."""
        return source >= INPUTS or bool(self.wanted[1 + source])

    def _enter(self, target: int, total: Tensor) -> None:
        """Hand a node's gradient on to all that enters it."""
        cell, found = self.cell, self.kept[target - INPUTS]
        grad = total
        if cell.partial:
            grad, rest = unjoined(total, cell.width)
            self._pass(target, rest)
        terms = cell.terms[target]
        count = grad.numel() // grad.shape[1]
        sums, along = self.kernels.dots(grad, found.values)
        mean, inverse = found.statistics[:, 0], _inverse(found.statistics)
        centred = (along - mean * sums) * inverse  # Σg·(z − μ)/σ
        of_gain = centred.sum(1)
        rows, columns = cell.index(target, self.beta.device)
        beta = self.beta[rows, columns].double()
        weight = beta
        if self.edge_weights is not None and self.of_edges is not None:
            edges = self.edge_weights[rows].double()
            weight = beta * edges
            self.of_edges.index_add_(0, rows, of_gain * beta)
            of_gain = of_gain * edges
        self.of_beta[rows, columns] = of_gain
        gain = weight[:, None] * inverse
        slope = -gain * inverse * centred / count
        constant = -gain * sums / count - slope * mean
        dtype = grad.dtype
        coefficients = torch.stack([gain, slope, constant], 1).to(dtype)
        edge: dict[str, Any] = {}
        for number, term in enumerate(terms):
            if number == 0 or term.place != terms[number - 1].place:
                edge = {"grad": grad}
                self.leaving[term.source].append(edge)
            if term.kind == "skip":
                edge["skip"] = weight[number].to(dtype)
            elif term.kind in ("max", "avg"):
                edge[term.kind] = coefficients[number].unbind()
                edge[f"{term.kind}_value"] = found.values[number]
            elif term.kind != "noise" and (
                self._needed(term.source) or self.wanted[5 + term.first]
            ):
                self._convolution(term, number, found, grad, coefficients[number].unbind())

    def _convolution(
        self,
        term: Term,
        number: int,
        found: Kept,
        grad: Tensor,
        coefficients: Sequence[Tensor],
    ) -> None:
        part, source, at = self.parts[term.source], term.source, term.first
        wanted = bool(self.wanted[5 + at])
        behind = self.behind[source]
        if behind is None:
            behind = self.behind[source] = torch.zeros_like(part)
        value = found.values[number]
        if term.kind == "reduce":
            weights = self.weights[at : at + 2]
            gradients = reduce_backward(grad, value, coefficients, part, weights, behind, wanted)
            self.of_weights[at : at + 2] = gradients
            return
        if term.kind == "sep":
            inner, statistics = found.inner[number], found.inner_statistics[number]
            assert inner is not None and statistics is not None
            grad, sums, *gradients = self.kernels.separable_backward(
                grad, value, coefficients, inner, _affine(statistics, part.dtype),
                *self.weights[at + 2 : at + 4], stride=1, dilation=1, behind=None, weights=wanted,
            )  # fmt: skip
            assert sums is not None
            self.of_weights[at + 2 : at + 4] = gradients
            value, coefficients = inner, _norm_backward(statistics, sums, inner)
        _, _, *gradients = self.kernels.separable_backward(
            grad, value, coefficients, part, None, *self.weights[at : at + 2],
            stride=term.stride, dilation=term.dilation, behind=behind, weights=wanted,
        )  # fmt: skip
        self.of_weights[at : at + 2] = gradients

    def _gathered(self, node: int) -> Tensor:
        """The gradient of a node's value, from all that leaves it; a tensor of its own."""
        part, edges = self.parts[node], self.leaving[node]
        grads = [edge["grad"] for edge in edges]
        skip = None
        if any("skip" in edge for edge in edges):
            nothing = part.new_zeros(())
            skip = torch.stack([edge.get("skip", nothing) for edge in edges])
        pools = []
        for kind in ("max", "avg"):
            value = next((e[f"{kind}_value"] for e in edges if f"{kind}_value" in e), None)
            if value is None:
                pools.append(None)
                continue
            none = (part.new_zeros(part.shape[1]),) * 3
            gains, slopes, constants = zip(*(edge.get(kind, none) for edge in edges), strict=True)
            along, constant = torch.stack(slopes).sum(0), torch.stack(constants).sum(0)
            pools.append((value, torch.stack(gains), along, constant))
        out = self.kernels.leaving(
            part, self.behind[node], grads, skip, *pools, stride=self.cell.stride(node)
        )
        self.behind[node] = None
        if not self.cell.partial:
            return out
        rest = self.rests[node]
        assert rest is not None
        self.rests[node] = None
        back = rest_backward(rest, self.nodes[node], self.cell.width, self.cell.stride(node))
        return torch.cat([out, back], 1)

    def _pass(self, target: int, rest: Tensor) -> None:
        """Hand the gradient of what passed by the operations on."""
        cell = self.cell
        of_edges = _of_edges(cell, target, self.edge_weights, rest)
        if self.of_edges is not None:
            nodes = enumerate(self.nodes[:target])
            values = [rest_of(node, cell.width, cell.stride(source)) for source, node in nodes]
            _, along = self.kernels.dots(rest, values)
            self.of_edges.index_add_(0, cell.entering(target, rest.device), along.sum(1))
        for source, weight in enumerate(of_edges):
            before = self.rests[source]
            if before is None:
                self.rests[source] = rest * weight
            else:
                before.addcmul_(rest, weight)


def _norm_backward(statistics: Tensor, sums: Tensor, x: Tensor) -> tuple[Tensor, ...]:
    """p, q and s of a norm, whose input x has the gradient p·e + q·x + s; sums: Σe and Σe·x."""
    count = x.numel() // x.shape[1]
    inverse, mean = _inverse(statistics), statistics[0]
    slope = -(inverse**3) * (sums[1] - mean * sums[0]) / count
    constant = -inverse * sums[0] / count - slope * mean
    return tuple(one.to(x.dtype) for one in (inverse, slope, constant))
