"""A genotype: the two cells of a final network, as the DARTS releases write them.

Of each cell, two (operation, source) pairs for each of its nodes 2 to 5, and the nodes that are its
output. Any of a release's forms is read by :mod:`naslib_edd.spaces.darts.genotype_forms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from naslib_edd.errors import UserError, nearest
from naslib_edd.spaces.darts.layout import CELLS, EDGES, INPUTS, KEEP, NODES, NOISE, OPERATIONS
from naslib_edd.spaces.layout import Kept, Layout
from naslib_edd.storage.literal import value

#: (operation, source): an edge of a genotype.
Pair = tuple[str, int]
#: All that may stand in a genotype; `none` fills the place of an edge that is gone.
NAMES = (*OPERATIONS, NOISE)
#: A cell's output in every search of this space: the four nodes of its own.
CONCAT = tuple(range(INPUTS, NODES))
#: Pairs of a cell.
PAIRS = KEEP * (NODES - INPUTS)


@dataclass(frozen=True, kw_only=True)
class Genotype:
    """Both cells.

    Attributes:
        normal, reduce: eight pairs each; pairs 0 and 1 enter node 2, pairs 2 and 3 node 3, …
        normal_concat, reduce_concat: the nodes whose concatenation is the cell's output.

    Raises:
        UserError: it is no genotype; the message says which cell and pair.
    """

    normal: tuple[Pair, ...]
    reduce: tuple[Pair, ...]
    normal_concat: tuple[int, ...] = CONCAT
    reduce_concat: tuple[int, ...] = CONCAT

    def __post_init__(self) -> None:
        for cell in CELLS:
            _check_cell(cell, self.cell(cell), self.concat(cell))

    def cell(self, name: str) -> tuple[Pair, ...]:
        """The pairs of a cell."""
        pairs: tuple[Pair, ...] = getattr(self, name)
        return pairs

    def concat(self, name: str) -> tuple[int, ...]:
        """The output nodes of a cell."""
        nodes: tuple[int, ...] = getattr(self, f"{name}_concat")
        return nodes

    def count(self, operation: str, cell: str | None = None) -> int:
        """How often an operation stands in a cell, or in both."""
        cells = CELLS if cell is None else (cell,)
        return sum(name == operation for each in cells for name, _ in self.cell(each))

    def __str__(self) -> str:
        """As the releases print it, on one line."""
        parts = []
        for cell in CELLS:
            concat = self.concat(cell)
            whole = concat == tuple(range(concat[0], concat[-1] + 1))
            shown = f"range({concat[0]}, {concat[-1] + 1})" if whole else f"{list(concat)}"
            parts += [f"{cell}={list(self.cell(cell))}", f"{cell}_concat={shown}"]
        return f"Genotype({', '.join(parts)})"

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the releases' four fields, of lists."""
        found: dict[str, Any] = {}
        for cell in CELLS:
            found[cell] = [list(pair) for pair in self.cell(cell)]
            found[f"{cell}_concat"] = list(self.concat(cell))
        return found

    def same_cells(self, other: Genotype) -> bool:
        """Whether both are one architecture: the pairs of a node have no order."""
        return all(
            _nodes(self.cell(cell)) == _nodes(other.cell(cell))
            and set(self.concat(cell)) == set(other.concat(cell))
            for cell in CELLS
        )


def from_kept(arch: Sequence[int | None], layout: Layout) -> Genotype:
    """The genotype of an architecture, sources in ascending order.

    Where fewer than two edges enter a node, `none` stands in their place.

    Raises:
        UserError: more than two edges enter a node.
    """
    cells: dict[str, tuple[Pair, ...]] = {}
    for cell in CELLS:
        pairs: list[Pair] = []
        for node in range(INPUTS, NODES):
            entering: list[Pair] = []
            unused = []
            for row in layout.nodes[cell, node]:
                op, source = arch[row], layout.edge(row)[1]
                if op is None:
                    unused.append(source)
                else:
                    entering.append((layout.operations[op], source))
            if len(entering) > KEEP:
                raise UserError(
                    f"{len(entering)} edges enter node {node} of the {cell} cell; a final cell "
                    f"keeps {KEEP} a node"
                )
            entering += [("none", source) for source in unused[: KEEP - len(entering)]]
            pairs += sorted(entering, key=lambda pair: pair[1])
        cells[cell] = tuple(pairs)
    return Genotype(**cells)  # type: ignore[arg-type]


def to_kept(genotype: Genotype, layout: Layout, title: str = "the search space") -> Kept:
    """The architecture of a genotype. An edge of `none` is gone.

    Raises:
        UserError: an operation that its edge does not have there, or another output.
    """
    kept: list[int | None] = [None] * layout.edges
    for cell in CELLS:
        if set(genotype.concat(cell)) != set(CONCAT):
            raise UserError(
                f"the output of this {cell} cell is nodes {list(genotype.concat(cell))}; in "
                f"{title} it is {list(CONCAT)}"
            )
        first = layout.rows(cell)[0]
        for number, (name, source) in enumerate(genotype.cell(cell)):
            if name == "none":
                continue
            row = first + EDGES.index((source, INPUTS + number // KEEP))
            choices = [layout.operations[op] for op in layout.columns(row)]
            if name not in choices:
                raise UserError(
                    f"the {cell} cell has {name} on the edge from {source} to "
                    f"{INPUTS + number // KEEP}; in {title} this edge has {', '.join(choices)}"
                )
            kept[row] = layout.operations.index(name)
    return tuple(kept)


def _nodes(pairs: tuple[Pair, ...]) -> list[list[Pair]]:
    return [sorted(pairs[first : first + KEEP]) for first in range(0, PAIRS, KEEP)]


def _check_cell(cell: str, pairs: Any, concat: Any) -> None:
    if not isinstance(pairs, tuple) or len(pairs) != PAIRS:
        count = len(pairs) if isinstance(pairs, tuple) else value(pairs)
        raise UserError(
            f"the {cell} cell of a genotype needs {PAIRS} (operation, source) pairs, two a node, "
            f"not {count}"
        )
    for number, pair in enumerate(pairs):
        _check_pair(cell, number, pair)
    for first in range(0, PAIRS, KEEP):
        sources = [source for _, source in pairs[first : first + KEEP]]
        if len(set(sources)) < KEEP:
            raise UserError(
                f"both edges into node {INPUTS + first // KEEP} of the {cell} cell come from node "
                f"{sources[0]}; a node keeps edges from {KEEP} others"
            )
    good = isinstance(concat, tuple) and all(type(node) is int for node in concat)
    if not good or not concat or len(set(concat)) < len(concat) or not set(concat) <= set(CONCAT):
        raise UserError(
            f"{cell}_concat is {value(concat)}; it needs one or more of the nodes "
            f"{', '.join(map(str, CONCAT))}, each once"
        )


def _check_pair(cell: str, number: int, pair: Any) -> None:
    node = INPUTS + number // KEEP
    where = f"pair {number + 1} of the {cell} cell (into node {node})"
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise UserError(f"{where} is {value(pair)}; it needs (operation, source)")
    name, source = pair
    if not isinstance(name, str) or name not in NAMES:
        hint = nearest(name, NAMES) if isinstance(name, str) else ""
        raise UserError(f"{where} names {value(name)}, which is no operation{hint}")
    if type(source) is not int or not 0 <= source < node:
        raise UserError(
            f"{where} comes from {value(source)}; a source is a node before it, 0 to {node - 1}"
        )
