"""Rows and columns of the DARTS space and of S1 to S4.

Two kinds of cell, normal and reduce. A cell has six nodes: two inputs (the outputs of the cell
before last and of the last one) and four of its own, each with an edge from every node before it.
A final cell keeps two of the edges that enter a node; its output is the four nodes, concatenated.
Source: Liu et al. 2019, "DARTS: Differentiable Architecture Search" (quark0/darts); S1 to S4: Zela
et al. 2020, "Understanding and Robustifying Differentiable Architecture Search"
(automl/RobustDARTS, ``src/spaces.py``). Both releases have the edges in this order.
"""

from __future__ import annotations

from naslib_edd.spaces.layout import Cell, Layout

#: Nodes of a cell, its two inputs among them.
NODES = 6
INPUTS = 2
#: Edges that a final cell keeps of those that enter a node.
KEEP = 2
#: (source, target) of the 14 edges of a cell.
EDGES = tuple((source, target) for target in range(INPUTS, NODES) for source in range(target))
#: The rows of a reduce cell that halve the image: the edges from its inputs.
STRIDED = frozenset(row for row, (source, _) in enumerate(EDGES) if source < INPUTS)
CELLS = ("normal", "reduce")

#: The columns of the DARTS space.
OPERATIONS = (
    "none",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
#: S4's operation that passes on noise in the place of its input.
NOISE = "noise"

# S1's pairs: the two best operations of each edge in a search of the whole space.
_SKIP, _MAX, _AVG = "skip_connect", "max_pool_3x3", "avg_pool_3x3"
_SEP3, _DIL3, _DIL5 = "sep_conv_3x3", "dil_conv_3x3", "dil_conv_5x5"
S1_PAIRS: dict[str, tuple[tuple[str, str], ...]] = {
    "normal": (
        (_SKIP, _DIL3), (_SKIP, _DIL5),
        (_SKIP, _DIL5), (_SKIP, _SEP3), (_SKIP, _DIL3),
        (_MAX, _SKIP), (_SKIP, _SEP3), (_SKIP, _SEP3), (_SKIP, _DIL3),
        (_SKIP, _SEP3), (_MAX, _SKIP), (_SKIP, _DIL3), (_DIL3, _DIL5), (_DIL3, _DIL5),
    ),
    "reduce": (
        (_MAX, _AVG), (_MAX, _DIL3),
        (_MAX, _AVG), (_MAX, _AVG), (_SKIP, _DIL5),
        (_MAX, _AVG), (_MAX, _SEP3), (_SKIP, _DIL3), (_SKIP, _DIL5),
        (_MAX, _AVG), (_MAX, _AVG), (_SKIP, _DIL5), (_SKIP, _DIL5), (_SKIP, _DIL5),
    ),
}  # fmt: skip
_S1_OPERATIONS = (_MAX, _AVG, _SKIP, _SEP3, _DIL3, _DIL5)


def _layout(
    operations: tuple[str, ...], pairs: dict[str, tuple[tuple[str, str], ...]] | None = None
) -> Layout:
    cells = (
        Cell(name="normal", edges=EDGES, nodes=NODES, inputs=INPUTS, keep=KEEP),
        Cell(name="reduce", edges=EDGES, nodes=NODES, inputs=INPUTS, keep=KEEP, strided=STRIDED),
    )
    choices = None
    if pairs is not None:
        choices = tuple(
            tuple(operations.index(name) for name in pair) for cell in CELLS for pair in pairs[cell]
        )
    return Layout(cells=cells, operations=operations, choices=choices)


DARTS = _layout(OPERATIONS)
S1 = _layout(_S1_OPERATIONS, S1_PAIRS)
S2 = _layout((_SKIP, _SEP3))
S3 = _layout(("none", _SKIP, _SEP3))
S4 = _layout((NOISE, _SEP3))
#: By the space's name.
LAYOUTS: dict[str, Layout] = {"darts": DARTS, "s1": S1, "s2": S2, "s3": S3, "s4": S4}
