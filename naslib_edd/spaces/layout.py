"""A search space as the parts of a method see it: rows of edges, columns of operations.

One tensor holds all logits of a space: a row an edge of any of its cells, a column an operation,
and, where edges have weights of their own, one column more (:mod:`naslib_edd.spaces.edge_column`).
NAS-Bench-201 is 6 × 5, the DARTS space 28 × 8. This module needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

#: A node of a cell: the cell's name, and the node's number in it.
Node = tuple[str, int]
#: An architecture: the operation of each row, None where the edge is gone.
Kept = tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One kind of cell.

    Attributes:
        name: by which rows of different cells are told apart, e.g. "normal".
        edges: (source, target) of each edge, in the order of the logits' rows.
        nodes: of the cell, its inputs counted.
        inputs: nodes without edges that enter them.
        keep: how many of the edges that enter a node a discretised cell keeps; None: all.
        strided: the rows (of this cell) that halve the image, where skip_connect is no identity.
    """

    name: str
    edges: tuple[tuple[int, int], ...]
    nodes: int
    inputs: int = 1
    keep: int | None = None
    strided: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The rows and columns of a space's logits.

    Attributes:
        cells: the kinds of cell; their rows follow each other in this order.
        operations: the names of the columns.
        choices: for each row, the columns that its edge has; None: every edge has all.
        none, skip: the names of the operation that passes nothing on, and of the one that passes
            its input on; they need not be among the operations.
    """

    cells: tuple[Cell, ...]
    operations: tuple[str, ...]
    choices: tuple[tuple[int, ...], ...] | None = None
    none_name: str = "none"
    skip_name: str = "skip_connect"

    @property
    def edges(self) -> int:
        """Rows in all."""
        return sum(len(cell.edges) for cell in self.cells)

    @property
    def none(self) -> int | None:
        """The column of the operation that passes nothing on."""
        return _place(self.none_name, self.operations)

    @property
    def skip(self) -> int | None:
        """The column of the operation that passes its input on."""
        return _place(self.skip_name, self.operations)

    @cached_property
    def targets(self) -> tuple[Node, ...]:
        """The node that each row's edge enters."""
        return tuple((cell.name, target) for cell in self.cells for _, target in cell.edges)

    @cached_property
    def nodes(self) -> dict[Node, tuple[int, ...]]:
        """The rows of the edges that enter each node."""
        found: dict[Node, list[int]] = {}
        for row, target in enumerate(self.targets):
            found.setdefault(target, []).append(row)
        return {node: tuple(rows) for node, rows in found.items()}

    @property
    def thinned(self) -> bool:
        """Whether a discretised cell keeps only some of its edges."""
        return bool(self.losing)

    @cached_property
    def losing(self) -> tuple[Node, ...]:
        """The nodes that keep only some of the edges that enter them."""
        return tuple(node for node, rows in self.nodes.items() if self.keep(node) < len(rows))

    @property
    def kept_edges(self) -> int:
        """Edges that stay in a final architecture, all its cells together."""
        return sum(self.keep(node) for node in self.nodes)

    @property
    def decisions(self) -> int:
        """Edges that stay of the cell that keeps most of them."""
        return max(
            sum(self.keep(node) for node in self.nodes if node[0] == cell.name)
            for cell in self.cells
        )

    def keep(self, node: Node) -> int:
        """How many of the edges that enter a node a discretised cell keeps."""
        entering = len(self.nodes[node])
        wanted = next(cell.keep for cell in self.cells if cell.name == node[0])
        return entering if wanted is None else min(wanted, entering)

    def rows(self, cell: str) -> range:
        """The rows of a cell."""
        first = 0
        for each in self.cells:
            if each.name == cell:
                return range(first, first + len(each.edges))
            first += len(each.edges)
        raise KeyError(cell)

    def columns(self, row: int) -> tuple[int, ...]:
        """The operations of a row's edge."""
        return tuple(range(len(self.operations))) if self.choices is None else self.choices[row]

    def edge(self, row: int) -> tuple[str, int, int]:
        """(cell, source, target) of a row."""
        for cell in self.cells:
            if row < len(cell.edges):
                return cell.name, *cell.edges[row]
            row -= len(cell.edges)
        raise IndexError(row)


def _place(name: str, names: tuple[str, ...]) -> int | None:
    return names.index(name) if name in names else None
