"""Partial channels, the fast twin of :mod:`naslib_edd.spaces.nb201.partial`.

Beside what the fast supernet shares anyway (:mod:`naslib_edd.spaces.nb201.fast`), on C/K channels:

1. the edge weight scales β before the operations run: w·Σβ_o·o = Σ(w·β_o)·o;
2. a shuffle of a sum is the sum of the shuffles, so a node is put together once, not edge by edge:
   node = shuffle([Σ_e w_e·mix_e, Σ_e w_e·rest_e]), sums over the edges that enter it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.edge_column import split
from naslib_edd.spaces.nb201.edge_sums import edge_sums, weighted_dots
from naslib_edd.spaces.nb201.edge_sums import weighted_sum as combine
from naslib_edd.spaces.nb201.encoding import (
    CONV1,
    CONV3,
    EDGES,
    NODES,
    NONE,
    OPERATIONS,
    POOL,
    SKIP,
)
from naslib_edd.spaces.nb201.fast import ROWS, FastCell, FastSupernet, Groups
from naslib_edd.spaces.nb201.partial import edge_weights, shuffled
from naslib_edd.spaces.nb201.skeleton import SearchCell
from naslib_edd.supernet.drop_path import DropPath
from naslib_edd.supernet.pool import fast_average_pool
from naslib_edd.supernet.precision import as_given

#: For each target node (from 1), the rows of β of the edges that enter it, source node 0 first.
ENTERING = tuple(
    tuple(row for row, (_, target) in enumerate(EDGES) if target == node)
    for node in range(1, NODES)
)
#: β by source node, already times the edge weights; and the edge weights by target node.
Weights = tuple[Groups, list[Tensor]]


class FastPartialCell(FastCell):
    """A cell whose operations see one channel in K, its edges batched by their source node.

    Arguments: see :class:`~naslib_edd.spaces.nb201.partial.PlainPartialCell`.
    """

    def __init__(self, *, channels: int, partial: int, running: bool) -> None:
        super().__init__(channels=channels // partial, running=running)
        self.width = channels // partial

    def forward(self, x: Tensor, weights: Any, drop_path: DropPath | None = None) -> Tensor:
        """See :class:`SearchCell`; weights are :data:`Weights`."""
        groups, entering = weights
        arriving: list[list[Tensor]] = [[] for _ in range(NODES)]
        rests: list[Tensor] = []
        node = x
        for source, (rows, beta) in enumerate(zip(ROWS, groups, strict=True)):
            part = self._part(node)
            rectified = F.relu(part)
            one = self.conv1[source](rectified, beta[CONV1])
            three = self.conv3[source](rectified, beta[CONV3])
            sums = edge_sums(part, fast_average_pool(part), beta[SKIP], beta[POOL], one, three)
            for row, total in zip(rows, sums, strict=True):
                arriving[EDGES[row][1]].append(total)
            rests.append(self._rest(node))
            mixed = sum(arriving[source + 1][1:], start=arriving[source + 1][0])
            node = shuffled(mixed, weighted_sum(entering[source], rests))
        return node

    def discretised(self, x: Tensor, ops: Sequence[int], of_edges: Tensor | None = None) -> Tensor:
        """See :class:`~naslib_edd.spaces.nb201.partial.PlainPartialCell`."""
        weights = x.new_ones(len(EDGES)) if of_edges is None else of_edges.to(x)
        nodes = [x]
        for rows in ENTERING:
            mixed = torch.zeros_like(self._part(x))
            for row in rows:
                if ops[row] != NONE:
                    mixed = mixed + weights[row] * self._one(row, ops[row], nodes[EDGES[row][0]])
            rests = [self._rest(nodes[EDGES[row][0]]) for row in rows]
            nodes.append(shuffled(mixed, weighted_sum(weights[list(rows)], rests)))
        return nodes[-1]

    def _one(self, row: int, op: int, node: Tensor) -> Tensor:
        """One operation on one edge, unweighted."""
        source, part = EDGES[row][0], self._part(node)
        if op == SKIP:
            return part
        if op == POOL:
            return fast_average_pool(part)
        return self.batched(op, source).one(F.relu(part), ROWS[source].index(row))

    # Copies in the network's layout, for a slice of channels is none: one pass here spares one
    # in each of the convolutions, pools and dot products that follow.
    def _part(self, node: Tensor) -> Tensor:
        return node[:, : self.width].contiguous(memory_format=FastSupernet.memory_format)

    def _rest(self, node: Tensor) -> Tensor:
        return node[:, self.width :].contiguous(memory_format=FastSupernet.memory_format)


def weighted_sum(weights: Tensor, tensors: Sequence[Tensor]) -> Tensor:
    """Σ w_e·x_e for w [E] and E tensors of one shape."""
    with as_given(weights):
        out: Tensor = WeightedSum.apply(weights, *tensors)  # type: ignore[no-untyped-call]
    return out


class WeightedSum(torch.autograd.Function):
    """:func:`weighted_sum`; the weights' gradients are dot products, with no product tensor."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, *tensors: Tensor) -> Tensor:
        """The sum."""
        ctx.save_for_backward(weights, *tensors)
        return combine(weights, tensors)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the weights and the tensors, each only where it is wanted."""
        weights, *tensors = ctx.saved_tensors
        of_weights, *wanted = ctx.needs_input_grad
        return (
            weighted_dots(grad, tensors) if of_weights else None,
            *(grad * w if want else None for w, want in zip(weights, wanted, strict=True)),
        )


class FastPartialSupernet(FastSupernet):
    """The NB201 supernet with partial channels and edges batched by source.

    Arguments: see :class:`~naslib_edd.spaces.nb201.partial.PlainPartialSupernet`.
    """

    def __init__(
        self,
        *,
        partial: int,
        channels: int = 16,
        cells: int = 5,
        classes: int = 10,
        running: bool = True,
    ) -> None:
        self.partial = partial  # the skeleton asks for cells while it is being built
        super().__init__(channels=channels, cells=cells, classes=classes, running=running)
        for node, rows in enumerate(ENTERING):
            self.register_buffer(f"_entering_{node}", torch.tensor(rows), persistent=False)

    def make_cell(self, channels: int) -> SearchCell:
        """A :class:`FastPartialCell`."""
        return FastPartialCell(channels=channels, partial=self.partial, running=self.running)

    def prepared(self, weights: Tensor) -> Any:
        """See :class:`Supernet`; weights are [6, 6] with edge weights, [6, 5] without."""
        of_edges = edge_weights(weights)
        groups = super().prepared(split(weights, len(OPERATIONS))[0] * of_edges[:, None])
        entering = [
            of_edges.index_select(0, self.get_buffer(f"_entering_{node}"))
            for node in range(len(ENTERING))
        ]
        return groups, entering
