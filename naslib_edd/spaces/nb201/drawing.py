"""A drawing of one NB201 cell: four nodes in a row, six labelled edges that do not cross."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch

from naslib_edd.errors import UserError
from naslib_edd.report.style import GREY, house_style, new_figure, save_figure
from naslib_edd.spaces.nb201.encoding import (
    EDGES,
    NODES,
    NONE,
    OPERATIONS,
    Arch,
    ops_to_index,
)
from naslib_edd.spaces.nb201.forms import to_ops
from naslib_edd.storage.paths import path_of

#: Operation -> name on a figure, and its colour on every figure.
SHORT = dict(zip(OPERATIONS, ("none", "skip", "conv 1×1", "conv 3×3", "avg pool 3×3"), strict=True))
COLOURS = dict(zip(OPERATIONS, (GREY, "#e69f00", "#56b4e9", "#0072b2", "#009e73"), strict=True))

_SPACE = 1.6  # between two nodes, in units of the drawing
_RADIUS = 0.21
#: Height of each edge's middle over the row of nodes: two arcs above (nested), one below.
_HEIGHTS = {(0, 2): 0.85, (0, 3): 1.75, (1, 3): -0.85}
_NODE_NAMES = ("in", *(str(node) for node in range(1, NODES - 1)), "out")


def draw_cell(axes: Axes, arch: Arch, *, font_size: float = 9) -> None:
    """Draw a cell; its ``none`` edges are dashed and grey.

    Args:
        axes: where to.
        arch: six operation ids, an architecture string, or an index.
        font_size: in points.

    Raises:
        UserError: it is no architecture of NB201; the message says why.
    """
    for (source, target), op in zip(EDGES, to_ops(arch), strict=True):
        _draw_edge(axes, source, target, op, font_size)
    for node in range(NODES):
        axes.add_patch(
            Circle((node * _SPACE, 0), _RADIUS, facecolor="white", edgecolor="black", zorder=4)
        )
        axes.text(
            node * _SPACE, 0, _NODE_NAMES[node], ha="center", va="center", zorder=5,
            fontsize=max(font_size - 1, 8),
        )  # fmt: skip
    axes.set_xlim(-0.35, (NODES - 1) * _SPACE + 0.35)
    axes.set_ylim(-1.15, 2.05)
    axes.set_aspect("equal")
    axes.axis("off")


def draw_cells(archs: Sequence[Arch], path: str | os.PathLike[str]) -> Path:
    """Draw cells side by side into a file, whose ending says the format (.png, .svg, .pdf).

    Args:
        archs: in any form of :mod:`naslib_edd.spaces.nb201.forms`.
        path: the file to write.

    Raises:
        UserError: no architecture, or one that is none; an unknown format.
    """
    if not archs:
        raise UserError("a cell to draw is needed: naslib-edd figure cell ARCH --out cell.svg")
    cells = [to_ops(arch) for arch in archs]
    with house_style():
        figure = new_figure(4.3 * len(cells), 3.0)
        for axes, ops in zip(figure.subplots(1, len(cells), squeeze=False)[0], cells, strict=True):
            draw_cell(axes, ops)
            axes.set_title(f"NAS-Bench-201, index {ops_to_index(ops)}")
        return save_figure(figure, path_of(path, "the figure"))


def _draw_edge(axes: Axes, source: int, target: int, op: int, font_size: float) -> None:
    name = OPERATIONS[op]
    start, end = source * _SPACE, target * _SPACE
    height = _HEIGHTS.get((source, target), 0.0)
    gone = op == NONE
    # An arc3 curve is highest in its middle, at half its control point; below is positive.
    bend = -2 * height / (end - start)
    axes.add_patch(
        FancyArrowPatch(
            (start, 0),
            (end, 0),
            connectionstyle=f"arc3,rad={bend}",
            patchA=Circle((start, 0), _RADIUS, transform=axes.transData),
            patchB=Circle((end, 0), _RADIUS, transform=axes.transData),
            shrinkA=0,
            shrinkB=1,
            arrowstyle="-|>",
            mutation_scale=11,
            linewidth=1.0 if gone else 1.9,
            linestyle=(0, (4, 3)) if gone else "-",
            color="#c4c4c4" if gone else COLOURS[name],
            zorder=2,
        )
    )
    # A straight edge is short: its label stands over it; an arc carries its label on the line.
    axes.text(
        (start + end) / 2,
        height if height else 0.11,
        SHORT[name],
        ha="center",
        va="center" if height else "bottom",
        fontsize=font_size,
        color="#767676" if gone else "black",
        zorder=3,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5} if height else None,
    )
