"""A drawing of a genotype: both cells, each a row of nodes with an arc for each edge.

As in the papers' figures, c_{k−2} and c_{k−1} are the outputs of the two cells before, 0 to 3 the
cell's own nodes. Of the two edges that enter a node one comes from above and one from below, so
that no edge lies on another or behind a node.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from naslib_edd.report.style import GREY, house_style, new_figure, save_figure, shown
from naslib_edd.spaces.darts.genotype import Genotype
from naslib_edd.spaces.darts.layout import CELLS, INPUTS, KEEP, NODES
from naslib_edd.storage.paths import PathLike, path_of

#: Operation -> name on a figure, and its colour on every figure.
SHORT = {
    "none": "none",
    "noise": "noise",
    "max_pool_3x3": "max 3",
    "avg_pool_3x3": "avg 3",
    "skip_connect": "skip",
    "sep_conv_3x3": "sep 3",
    "sep_conv_5x5": "sep 5",
    "dil_conv_3x3": "dil 3",
    "dil_conv_5x5": "dil 5",
}
COLOURS = {
    "none": GREY,
    "noise": "#d55e00",
    "max_pool_3x3": "#009e73",
    "avg_pool_3x3": "#6a9f2a",
    "skip_connect": "#e69f00",
    "sep_conv_3x3": "#0072b2",
    "sep_conv_5x5": "#56b4e9",
    "dil_conv_3x3": "#7b3294",
    "dil_conv_5x5": "#cc79a7",
}

#: Room above and below the arcs of a cell, in units of the drawing: an arc that spans n nodes is n
#: units high. And a node's radius, in points.
_TITLE, _BELOW, _RADIUS = 1.5, 0.7, 8.0
_NAMES = (r"$c_{k-2}$", r"$c_{k-1}$", *(str(node - INPUTS) for node in range(INPUTS, NODES)))
#: Where along an arc its arrowhead begins.
_HEAD = 0.86

#: (source, target, operation, side): side 1 is above the nodes, −1 below.
_Arc = tuple[int, int, str, int]


def draw_genotype(axes: Axes, genotype: Genotype, *, font_size: float = 9) -> None:
    """Draw both cells, the normal one above the reduce one. They fill the axes."""
    y = top = 0.0
    for cell in CELLS:
        arcs = _arcs(genotype, cell)
        y = top - _TITLE - max(t - s for s, t, _, side in arcs if side > 0)
        nodes = ", ".join(_NAMES[node] for node in genotype.concat(cell))
        axes.text(
            -0.2, top - 0.5, f"{cell} cell: {nodes} concatenated", fontsize=font_size, va="center"
        )
        for arc in arcs:
            _draw_arc(axes, arc, y, font_size)
        _draw_nodes(axes, y, font_size)
        top = y - _BELOW - max(t - s for s, t, _, side in arcs if side < 0)
    axes.set_xlim(-0.3, NODES - 0.7)
    axes.set_ylim(top, 0.0)
    axes.axis("off")


def save_genotype(genotype: Genotype, path: PathLike, *, title: str | None = None) -> Path:
    """Draw a genotype into a file, whose ending says the format (.png, .svg, .pdf).

    Raises:
        UserError: an unknown format, or the file cannot be written.
    """
    with house_style():
        figure = new_figure(6.8, 4.8)
        axes = figure.subplots()
        draw_genotype(axes, genotype)
        if title:
            axes.set_title(shown(title))
        return save_figure(figure, path_of(path, "the figure"))


def _arcs(genotype: Genotype, cell: str) -> list[_Arc]:
    pairs, arcs = genotype.cell(cell), []
    for first in range(0, len(pairs), KEEP):
        entering = sorted(pairs[first : first + KEEP], key=lambda pair: pair[1])
        for side, (name, source) in zip((1, -1), entering, strict=True):
            arcs.append((source, INPUTS + first // KEEP, name, side))
    return arcs


def _draw_nodes(axes: Axes, y: float, font_size: float) -> None:
    for node, name in enumerate(_NAMES):
        axes.plot(
            node, y, "s" if node < INPUTS else "o", markersize=2 * _RADIUS,
            markerfacecolor="white", markeredgecolor="black", zorder=4,
        )  # fmt: skip
        axes.text(node, y, name, ha="center", va="center", fontsize=font_size - 2.5, zorder=5)


def _draw_arc(axes: Axes, arc: _Arc, y: float, font_size: float) -> None:
    source, target, name, side = arc
    height = side * (target - source)
    x, rise = _curve(source, target, height, np.linspace(0, _HEAD, 40))
    gone = name == "none"
    dashes = (0, (4, 3)) if gone else "-"
    axes.plot(
        x, y + rise, color=COLOURS[name], linewidth=1.0 if gone else 1.8, linestyle=dashes, zorder=2
    )
    axes.annotate(
        "",
        xy=(target, y),
        xytext=(float(x[-1]), y + float(rise[-1])),
        arrowprops={
            "arrowstyle": "-|>",
            "color": COLOURS[name],
            "linewidth": 1.0 if gone else 1.8,
            "shrinkA": 0,
            "shrinkB": _RADIUS,
        },
        zorder=2,
    )
    axes.text(
        (source + target) / 2,
        y + height,
        SHORT[name],
        ha="center",
        va="center",
        fontsize=font_size,
        zorder=3,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )


def _curve(
    source: int, target: int, height: float, t: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A parabola between two nodes, as high as that in its middle."""
    return source + (target - source) * t, 4 * height * t * (1 - t)
