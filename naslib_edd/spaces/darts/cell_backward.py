"""The backward pass of a fast cell; see :mod:`naslib_edd.spaces.darts.cell_pass`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from naslib_edd.spaces.darts.cell import DartsCell
from naslib_edd.spaces.darts.cell_kernels import cell_kernels
from naslib_edd.spaces.darts.kept import Kept, affine, inverse, norm_backward, weight_of
from naslib_edd.spaces.darts.layout import INPUTS, NODES
from naslib_edd.spaces.darts.plan import Plan, Term
from naslib_edd.spaces.darts.reduced import reduce_backward
from naslib_edd.spaces.darts.rest import (
    edge_weights_of,
    parted,
    rest_backward,
    rest_of,
    unjoined,
)
from naslib_edd.supernet.native.separable import PoolTerms


class Backward:
    """One pass, node by node from the last.

    Args:
        cell, plan: as the forward pass had them.
        nodes: the values of the cell's six nodes.
        weights: of the plan's terms.
        beta, edge_weights: as given.
        kept: of the nodes that are no inputs.
        wanted: of which arguments of the forward pass a gradient is wanted.
    """

    def __init__(
        self,
        cell: DartsCell,
        plan: Plan,
        nodes: list[Tensor],
        weights: Sequence[Tensor],
        beta: Tensor,
        edge_weights: Tensor | None,
        kept: list[Kept],
        wanted: Sequence[bool],
    ) -> None:
        self.cell, self.plan, self.nodes, self.kept = cell, plan, nodes, kept
        self.weights, self.beta, self.edge_weights = weights, beta, edge_weights
        self.wanted = wanted
        self.kernels = cell_kernels(nodes[0])
        self.partial = cell.width < cell.channels
        self.parts = [parted(node, cell.width) for node in nodes[:-1]]
        self.of_weights: list[Tensor | None] = [None] * len(weights)
        self.of_beta = torch.zeros(beta.shape, dtype=torch.float64, device=beta.device)
        self.of_edges: Tensor | None = None
        if edge_weights is not None:
            self.of_edges = torch.zeros_like(edge_weights, dtype=torch.float64)
        # Of each node the gradients of its ReLU and of what passes by the operations, and of each
        # edge that leaves it those of the other operations.
        self.behind: list[Tensor | None] = [None] * (NODES - 1)
        self.rests: list[Tensor | None] = [None] * (NODES - 1)
        self.leaving: list[list[dict[str, Any]]] = [[] for _ in range(NODES - 1)]

    def run(self, grad: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of all arguments of the forward pass."""
        slices = grad.split(self.cell.channels, 1)
        for node in reversed(range(INPUTS, NODES)):
            own = slices[node - INPUTS]
            if node == NODES - 1:
                total = own.contiguous(memory_format=torch.channels_last)
            else:
                total = self._gathered(node).add_(own)
            self._enter(node, total)
        inputs = [self._gathered(node) if self.wanted[1 + node] else None for node in (0, 1)]
        of_beta = self.of_beta.to(self.beta.dtype) if self.wanted[3] else None
        of_edges = None
        if self.of_edges is not None and self.edge_weights is not None and self.wanted[4]:
            of_edges = self.of_edges.to(self.edge_weights.dtype)
        return (None, *inputs, of_beta, of_edges, *self.of_weights)

    def _enter(self, target: int, total: Tensor) -> None:
        """Hand a node's gradient on to all that enters it."""
        grad = total
        if self.partial:
            grad, rest = unjoined(total, self.cell.width)
            self._pass_by(target, rest)
        found, terms = self.kept[target - INPUTS], self.plan.terms[target]
        count = grad.numel() // grad.shape[1]
        if terms:
            sums, along = self.kernels.dots(grad, found.values)
        else:
            sums, along = grad.double().sum((0, 2, 3)), found.statistics[:, 0]
        mean, spread = found.statistics[:, 0], inverse(found.statistics)
        centred = (along - mean * sums) * spread  # Σg·(z − μ)/σ
        weight = self._of_beta(target, centred.sum(1), sums.sum())
        gain = weight[:, None] * spread
        slope = -gain * spread * centred / count
        constant = -gain * sums / count - slope * mean
        coefficients = torch.stack([gain, slope, constant], 1).to(grad.dtype)
        edge: dict[str, Any] = {}
        for number, term in enumerate(terms):
            if number == 0 or term.place != terms[number - 1].place:
                edge = {"grad": grad}
                self.leaving[term.source].append(edge)
            if term.kind == "skip":
                edge["skip"] = weight[number].to(grad.dtype)
            elif term.kind in ("max", "avg"):
                edge[term.kind] = found.values[number], coefficients[number].unbind()
            elif term.kind != "noise":
                self._convolution(term, found, number, grad, coefficients[number].unbind())

    def _of_beta(self, target: int, of_gain: Tensor, of_number: Tensor) -> Tensor:
        """Note the gradients of β and of the edge weights; returns the weight of each term.

        Args:
            target: the node.
            of_gain: ∂l/∂(weight) of each term.
            of_number: ∂l/∂(a number that is added to the node's value).
        """
        plan, device = self.plan, self.beta.device
        rows, columns = plan.rows[target].to(device), plan.columns[target].to(device)
        weight = weight_of(plan, target, self.beta, self.edge_weights)
        if self.edge_weights is not None and self.of_edges is not None:
            self.of_edges.index_add_(0, rows, of_gain * self.beta[rows, columns].double())
            of_gain = of_gain * self.edge_weights[rows].double()
        self.of_beta[rows, columns] = of_gain
        if plan.others is not None:
            others, of_others = plan.others[target]
            self.of_beta[others.to(device), of_others.to(device)] = of_number
        return weight

    def _convolution(
        self,
        term: Term,
        found: Kept,
        number: int,
        grad: Tensor,
        coefficients: Sequence[Tensor],
    ) -> None:
        part, source, at = self.parts[term.source], term.source, term.first
        wanted = bool(self.wanted[5 + at])
        if not wanted and source < INPUTS and not self.wanted[1 + source]:
            return
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
                grad, value, coefficients, inner, affine(statistics, part.dtype),
                *self.weights[at + 2 : at + 4], stride=1, dilation=1, behind=None, weights=wanted,
            )  # fmt: skip
            assert sums is not None
            self.of_weights[at + 2 : at + 4] = gradients
            value, coefficients = inner, norm_backward(statistics, sums, inner)
        _, _, *gradients = self.kernels.separable_backward(
            grad, value, coefficients, part, None, *self.weights[at : at + 2],
            stride=term.stride, dilation=term.dilation, behind=behind, weights=wanted,
        )  # fmt: skip
        self.of_weights[at : at + 2] = gradients

    def _gathered(self, node: int) -> Tensor:
        """The gradient of a node's value, from all that leaves it; a tensor of its own."""
        part, edges, stride = self.parts[node], self.leaving[node], self.plan.strides[node]
        skip = None
        if any("skip" in edge for edge in edges):
            nothing = part.new_zeros(())
            skip = torch.stack([edge.get("skip", nothing) for edge in edges])
        pools = [_pool_terms(edges, kind, part) for kind in ("max", "avg")]
        grads = [edge["grad"] for edge in edges]
        out = self.kernels.leaving(part, self.behind[node], grads, skip, *pools, stride=stride)
        self.behind[node] = None
        if not self.partial:
            return out
        rest = self.rests[node]
        assert rest is not None
        self.rests[node] = None
        return torch.cat([out, rest_backward(rest, self.nodes[node], self.cell.width, stride)], 1)

    def _pass_by(self, target: int, rest: Tensor) -> None:
        """Hand the gradient of what passed by the operations on."""
        rows = self.plan.entering[target].to(rest.device)
        if self.of_edges is not None:
            values = [
                rest_of(node, self.cell.width, stride)
                for node, stride in zip(self.nodes[:target], self.plan.strides, strict=False)
            ]
            _, along = self.kernels.dots(rest, values)
            self.of_edges.index_add_(0, rows, along.sum(1))
        for source, weight in enumerate(edge_weights_of(rows, self.edge_weights, rest)):
            before = self.rests[source]
            if before is None:
                self.rests[source] = rest * weight
            else:
                before.addcmul_(rest, weight)


def _pool_terms(edges: Sequence[dict[str, Any]], kind: str, part: Tensor) -> PoolTerms | None:
    """The gradient of a node's pool, which is a norm's on each edge."""
    values = [edge[kind][0] for edge in edges if kind in edge]
    if not values:
        return None
    nothing = (None, (part.new_zeros(part.shape[1]),) * 3)
    each = [edge.get(kind, nothing)[1] for edge in edges]
    gains, slopes, constants = (torch.stack(one) for one in zip(*each, strict=True))
    return values[0], gains, slopes.sum(0), constants.sum(0)
