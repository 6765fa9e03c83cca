"""Which edges of a NASLib graph are searched, and how their logits are laid out.

One tensor holds all logits: a row an edge, a column an operation. Edges of one cell (a graph's
*name*, for copies of a cell share their logits) make a group; NB301 has two. On NB201 the rows and
columns are those of :mod:`naslib_edd.spaces.nb201`, whatever NASLib's order is, when the logits are
written down; while they are trained they stand in NASLib's order, as NASLib's own code expects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from naslib_edd.errors import UserError
from naslib_edd.spaces import nb201

#: Key of an edge's shared data: the number of its row.
ROW = "edd_row"
#: NASLib's names of NB201's operations.
NB201_NAMES = {
    "Identity": "skip_connect",
    "Zero": "none",
    "ReLUConvBN3x3": "nor_conv_3x3",
    "ReLUConvBN1x1": "nor_conv_1x1",
    "AvgPool1x1": "avg_pool_3x3",
}
#: Names of operations that pass the input on, and of those that pass nothing on.
SKIPS, ZEROS = ("Identity", "FactorizedReduce"), ("Zero", "Zero1x1")


@dataclass(frozen=True)
class Edge:
    """A searched edge: its cell, the nodes it joins, the names of its operations."""

    cell: str
    head: int
    tail: int
    operations: tuple[str, ...]


class Layout:
    """The rows and columns of the logits of a graph.

    Args:
        edges: in the order of NASLib's traversal, which is the order of the rows.

    Raises:
        UserError: there are none, or they differ in their number of operations.
    """

    def __init__(self, edges: Sequence[Edge]) -> None:
        widths = {len(edge.operations) for edge in edges}
        if not edges:
            raise UserError("this search space has no edges to search in the given scope")
        if len(widths) > 1:
            raise UserError(
                f"this search space has edges of {sorted(widths)} operations; the optimizers of "
                "naslib-edd need the same number on each (as on nasbench201 and nasbench301)"
            )
        self.edges = tuple(edges)
        self.operations = widths.pop()
        self.is_nb201 = self._is_nb201()
        rows, columns = list(range(len(edges))), list(range(self.operations))
        if self.is_nb201:
            where = {(edge.head - 1, edge.tail - 1): row for row, edge in enumerate(edges)}
            rows = [where[edge] for edge in nb201.EDGES]
            names = [NB201_NAMES[name] for name in edges[0].operations]
            columns = [names.index(name) for name in nb201.OPERATIONS]
        self._rows, self._columns = torch.tensor(rows), torch.tensor(columns)

    @property
    def targets(self) -> list[tuple[str, int]]:
        """The node that each edge enters."""
        return [(edge.cell, edge.tail) for edge in self.edges]

    @property
    def names(self) -> list[str] | None:
        """NB201's names of the columns, in NASLib's order; None on any other space."""
        if not self.is_nb201:
            return None
        return [NB201_NAMES[name] for name in self.edges[0].operations]

    @property
    def none(self) -> int | None:
        """The column of the operation that passes nothing on, in NASLib's order."""
        names = self.edges[0].operations
        return next((place for place, name in enumerate(names) if name in ZEROS), None)

    @property
    def skip(self) -> int | None:
        """The column of the identity, where it is the same on every edge."""
        columns = {e.operations.index("Identity") for e in self.edges if "Identity" in e.operations}
        everywhere = all("Identity" in edge.operations for edge in self.edges)
        return columns.pop() if everywhere and len(columns) == 1 else None

    def written(self, logits: Tensor) -> Tensor:
        """Rows and columns as they are recorded: on NB201, those of the built-in engine.

        A column behind the operations' (the edge weights) stays where it is.
        """
        rows, columns = self._rows.to(logits.device), self._columns.to(logits.device)
        extra = torch.arange(self.operations, logits.shape[1], device=logits.device)
        return logits[rows][:, torch.cat([columns, extra])]

    def placed(self, written: Tensor) -> Tensor:
        """The inverse of :meth:`written`."""
        placed = torch.empty_like(written)
        extra = torch.arange(self.operations, written.shape[1])
        columns = torch.cat([self._columns, extra]).to(written.device)
        placed[self._rows.to(written.device)[:, None], columns] = written
        return placed

    def chosen(self, logits: Tensor) -> list[int]:
        """NASLib's operation number of each row: the largest logit, ties as in the record."""
        best = self.written(logits.detach())[:, : self.operations].argmax(-1)
        chosen = [0] * len(self.edges)
        for place, op in zip(self._rows.tolist(), best.tolist(), strict=True):
            chosen[place] = int(self._columns[op])
        return chosen

    def describe(self, logits: Tensor) -> dict[str, Any]:
        """What the record says about the architecture of these logits."""
        chosen = self.chosen(logits)
        names = [edge.operations[op] for edge, op in zip(self.edges, chosen, strict=True)]
        counts = {
            "skip_count": sum(name in SKIPS for name in names),
            "none_count": sum(name in ZEROS for name in names),
        }
        if not self.is_nb201:
            cells: dict[str, list[str]] = {}
            for edge, name in zip(self.edges, names, strict=True):
                cells.setdefault(edge.cell, []).append(f"{name}({edge.head},{edge.tail})")
            return {"cells": cells, "ops": chosen, **counts}
        ops = nb201.check_ops(self.written(logits.detach())[:, :5].argmax(-1).tolist())
        return {
            "arch_str": nb201.ops_to_str(ops),
            "ops": list(ops),
            "index": nb201.ops_to_index(ops),
            **counts,
        }

    def _is_nb201(self) -> bool:
        nodes = {(edge.head - 1, edge.tail - 1) for edge in self.edges}
        names = {edge.operations for edge in self.edges}
        return (
            len(self.edges) == len(nb201.EDGES)
            and nodes == set(nb201.EDGES)
            and len(names) == 1
            and set(next(iter(names))) == set(NB201_NAMES)
        )


def survey(graph: Any, scope: Any) -> Layout:
    """The layout of a graph's searched edges; each edge is told its row."""
    edges: list[Edge] = []

    def add(edge: Any) -> None:
        operations = edge.data.op
        if not isinstance(operations, list | tuple):
            return  # an edge with nothing to choose
        edge.data.set(ROW, len(edges), shared=True)
        cell = edge.data.cell_name if edge.data.has("cell_name") else "cell"
        names = tuple(operation.get_op_name for operation in operations)
        edges.append(Edge(cell, edge.head, edge.tail, names))

    graph.update_edges(add, scope=scope, private_edge_data=False)
    return Layout(edges)
