"""The backward pass of a fast cell; see :mod:`naslib_edd.spaces.darts.cell_pass`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from naslib_edd.spaces.darts.cell import DartsCell
from naslib_edd.spaces.darts.cell_kernels import cell_kernels
from naslib_edd.spaces.darts.layout import INPUTS, NODES
from naslib_edd.spaces.darts.plan import Plan
from naslib_edd.spaces.darts.rest import (
    edge_weights_of,
    parted,
    rest_backward,
    rest_of,
    unjoined,
)
from naslib_edd.supernet.native.terms import Entered, Handed


class Saved(NamedTuple):
    """What the forward pass had and kept; lists of nodes are of those that are no inputs.

    Attributes:
        nodes: the values of the cell's six nodes.
        weights: the kernels of each node's terms.
        beta, edge_weights: as given.
        weight: of each node's terms, fp64.
        given: of each node's terms the values of pools and noise, else None.
        kept: of each node.
    """

    nodes: list[Tensor]
    weights: list[list[Tensor]]
    beta: Tensor
    edge_weights: Tensor | None
    weight: Sequence[Tensor]
    given: list[list[Tensor | None]]
    kept: list[Entered]


class Backward:
    """One pass, node by node from the last.

    Args:
        cell, plan: as the forward pass had them.
        saved: what it had and kept.
        wanted: of which arguments of the forward pass a gradient is wanted.
    """

    def __init__(self, cell: DartsCell, plan: Plan, saved: Saved, wanted: Sequence[bool]) -> None:
        self.cell, self.plan, self.saved, self.wanted = cell, plan, saved, wanted
        self.of_kernels = any(wanted[5:])
        self.kernels = cell_kernels(saved.nodes[0])
        self.partial = cell.width < cell.channels
        self.parts = [parted(node, cell.width) for node in saved.nodes[:-1]]
        # Of each source the gradients of its ReLU, where they are wanted, those of what passes by
        # the operations, and what edges hand back.
        self.behind = [
            torch.zeros_like(part) if self._reads(source) else None
            for source, part in enumerate(self.parts)
        ]
        self.rests: list[Tensor | None] = [None] * (NODES - 1)
        self.handed = [
            Handed.nothing(part, edges) for part, edges in zip(self.parts, plan.edges, strict=True)
        ]
        # Of the nodes that were gone through, first to last, the gradients that operations see:
        # when a source's turn comes, of all that its edges enter.
        self.grads: list[Tensor] = []
        # Of the weights of what passes by.
        self.of_rests = torch.zeros(len(saved.beta), dtype=torch.float64, device=saved.beta.device)

    def run(self, grad: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of all arguments of the forward pass."""
        slices = grad.split(self.cell.channels, 1)
        found: list[tuple[Tensor, list[Tensor | None]]] = []
        for node in reversed(range(INPUTS, NODES)):
            own = slices[node - INPUTS]
            if node == NODES - 1:
                total = own.contiguous(memory_format=torch.channels_last)
            else:
                total = self._gathered(node).add_(own)
            found.insert(0, self._enter(node - INPUTS, total))
        inputs = [self._gathered(node) if self.wanted[1 + node] else None for node in (0, 1)]
        of_weights = [one for _, of_node in found for one in of_node]
        return (None, *inputs, *self._of_beta([of for of, _ in found]), *of_weights)

    def _reads(self, source: int) -> bool:
        """Whether what convolutions hand back to a source's ReLU, or their kernels, is wanted."""
        wanted = self.of_kernels or source >= INPUTS or self.wanted[1 + source]
        return wanted and source in self.plan.convolved

    def _enter(self, number: int, total: Tensor) -> tuple[Tensor, list[Tensor | None]]:
        """Hand a node's gradient on to all that enters it.

        Returns:
            The gradients of its terms' weights and of a number that is added to it, and those of
            its terms' kernels.
        """
        saved, grad = self.saved, total
        if self.partial:
            grad, rest = unjoined(total, self.cell.width)
            self._pass_by(number, rest)
        self.grads.insert(0, grad)
        if not self.plan.terms[number]:
            return grad.sum(dtype=torch.float64)[None], []
        sources = INPUTS + number
        return self.kernels.node_backward(
            self.plan.terms[number],
            self.parts[:sources],
            saved.given[number],
            saved.weights[number],
            saved.weight[number],
            saved.kept[number],
            grad,
            self.behind[:sources],
            self.handed[:sources],
            wanted=self.of_kernels,
        )

    def _of_beta(self, found: Sequence[Tensor]) -> tuple[Tensor | None, Tensor | None]:
        """The gradients of β and of the edge weights, from those of each node's terms' weights."""
        plan, (beta, edge_weights) = self.plan, (self.saved.beta, self.saved.edge_weights)
        rows, columns = plan.rows.to(beta.device), plan.columns.to(beta.device)
        of_weight = torch.cat([one[:-1] for one in found])
        of_edges = None
        if edge_weights is not None:
            if self.wanted[4]:
                along = of_weight * beta[rows, columns].double()
                of_edges = self.of_rests.index_add(0, rows, along).to(edge_weights.dtype)
            of_weight = of_weight * edge_weights[rows].double()
        if not self.wanted[3]:
            return None, of_edges
        of_beta = torch.zeros(beta.shape, dtype=torch.float64, device=beta.device)
        of_beta[rows, columns] = of_weight
        if plan.others is not None:
            others, of_others, numbers = (one.to(beta.device) for one in plan.others)
            of_beta[others, of_others] = torch.stack([one[-1] for one in found])[numbers]
        return of_beta.to(beta.dtype), of_edges

    def _gathered(self, source: int) -> Tensor:
        """The gradient of a node's value, from all that leaves it; a tensor of its own."""
        part, stride = self.parts[source], self.plan.strides[source]
        pools = [self._pool(source, kind) for kind in ("max", "avg")]
        behind, self.behind[source] = self.behind[source], None
        out = self.kernels.leaving(
            part, behind, self.grads, self.handed[source], *pools, stride=stride
        )
        if not self.partial:
            return out
        rest = self.rests[source]
        assert rest is not None
        self.rests[source] = None
        whole = self.saved.nodes[source]
        return torch.cat([out, rest_backward(rest, whole, self.cell.width, stride)], 1)

    def _pool(self, source: int, kind: str) -> Tensor | None:
        """The value of a source's pool, where it has one."""
        for terms, given in zip(self.plan.terms, self.saved.given, strict=True):
            for term, value in zip(terms, given, strict=True):
                if (term.source, term.kind) == (source, kind):
                    return value
        return None

    def _pass_by(self, number: int, rest: Tensor) -> None:
        """Hand the gradient of what passed by the operations on."""
        rows = self.plan.entering[number].to(rest.device)
        edge_weights = self.saved.edge_weights
        if edge_weights is not None and self.wanted[4]:
            width, strides = self.cell.width, self.plan.strides
            sources = enumerate(self.saved.nodes[: len(rows)])
            values = [rest_of(node, width, strides[source]) for source, node in sources]
            _, along = self.kernels.dots(rest, values)
            self.of_rests.index_add_(0, rows, along.sum(1))
        for source, weight in enumerate(edge_weights_of(rows, edge_weights, rest)):
            before = self.rests[source]
            if before is None:
                self.rests[source] = rest * weight
            else:
                before.addcmul_(rest, weight)
