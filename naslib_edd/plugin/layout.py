"""Which edges of a NASLib graph are searched, and how their logits are laid out.

One tensor holds all logits: a row an edge, a column an operation. Edges of one cell (a graph's
*name*, for copies of a cell share their logits) make a group; NB301 has two. On NB201 the rows and
columns are those of :mod:`naslib_edd.spaces.nb201.encoding`, whatever NASLib's order is, when the
logits are written down; while they are trained they stand in NASLib's order, as NASLib's own code
expects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from naslib_edd import spaces
from naslib_edd.errors import UserError
from naslib_edd.spaces import Cell
from naslib_edd.spaces import Layout as SpaceLayout
from naslib_edd.spaces.nb201 import encoding as nb201

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
        truncated: a discretised cell keeps only some of its edges, as on NB301 (never on NB201).

    Raises:
        UserError: there are none, or they differ in their number of operations.
    """

    def __init__(self, edges: Sequence[Edge], *, truncated: bool = True) -> None:
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
        self.truncated = truncated and not self.is_nb201
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

    @property
    def rows(self) -> SpaceLayout:
        """Rows and columns for parts that are told of a space."""
        if self.is_nb201:
            return spaces.get("nasbench201").layout
        cells = {
            name: tuple((edge.head, edge.tail) for edge in self.edges if edge.cell == name)
            for name in dict.fromkeys(edge.cell for edge in self.edges)
        }
        return SpaceLayout(
            cells=tuple(
                Cell(name=name, edges=edges, nodes=1 + max(tail for _, tail in edges))
                for name, edges in cells.items()
            ),
            operations=self.edges[0].operations,
        )

    @property
    def places(self) -> list[int] | None:
        """Of each row, where its edge stands in the record; None where that is the row itself."""
        return self._rows.argsort().tolist() if self.is_nb201 else None

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
        return self.unwritten(best.tolist())

    def unwritten(self, ops: Sequence[int]) -> list[int]:
        """NASLib's operation number of each row, of NB201's six operations as they are recorded."""
        chosen = [0] * len(self.edges)
        for row, op in zip(self._rows.tolist(), ops, strict=True):
            chosen[row] = int(self._columns[op])
        return chosen

    def describe(self, kept: Mapping[int, int]) -> dict[str, Any]:
        """What the record says about an architecture.

        Args:
            kept: row → NASLib's operation number, of the edges that the discretised cell keeps.
        """
        rows = sorted(kept)
        names = [self.edges[row].operations[kept[row]] for row in rows]
        counts = {
            "skip_count": sum(name in SKIPS for name in names),
            "none_count": sum(name in ZEROS for name in names),
        }
        if not self.is_nb201:
            cells: dict[str, list[str]] = {}
            for row, name in zip(rows, names, strict=True):
                edge = self.edges[row]
                cells.setdefault(edge.cell, []).append(f"{name}({edge.head},{edge.tail})")
            return {"cells": cells, "ops": [kept[row] for row in rows], **counts}
        columns = self._columns.tolist()
        ops = nb201.check_ops([columns.index(kept[row]) for row in self._rows.tolist()])
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
    """The layout of a graph's searched edges; each edge is told its row.

    Raises:
        UserError: the graph has no edges that choose among operations, or other choices.
    """
    edges: list[Edge] = []
    cells = _names(graph)

    def add(edge: Any) -> None:
        operations = edge.data.op
        if not isinstance(operations, list | tuple):
            return  # an edge with nothing to choose
        names = tuple(getattr(operation, "get_op_name", None) for operation in operations)
        strange = [op for op, name in zip(operations, names, strict=True) if type(name) is not str]
        if strange:
            raise UserError(
                f"{type(graph).__name__} cannot be searched: its edge ({edge.head}, {edge.tail}) "
                f"chooses among {type(strange[0]).__name__} objects, not among operations; use "
                "nasbench201 or nasbench301, or expand the graph first"
            )
        edge.data.set(ROW, len(edges), shared=True)
        cell = cells.get(id(edge.data), "cell")
        cell = edge.data.cell_name if edge.data.has("cell_name") else cell
        edges.append(Edge(cell, edge.head, edge.tail, tuple(map(str, names))))

    graph.update_edges(add, scope=scope, private_edge_data=False)
    return Layout(edges, truncated=_truncates(graph))


def _names(graph: Any) -> dict[int, str]:
    """The name of the graph that each edge's data belong to, by their id."""
    if not hasattr(graph, "_get_child_graphs"):
        return {}
    graphs = [*graph._get_child_graphs(single_instances=True), graph]
    return {id(data): str(part.name) for part in graphs for *_, data in part.edges.data()}


def _truncates(graph: Any) -> bool:
    """Whether the space has a rule of its own for the edges of a discretised cell."""
    kinds = [kind for kind in type(graph).__mro__ if "prepare_discretization" in vars(kind)]
    return bool(kinds) and kinds[0].__name__ != "Graph"
