"""A drawing of a genotype: both cells, each a row of nodes with an arc for each edge.

As in the papers' figures, c_{k−2} and c_{k−1} are the outputs of the two cells before, 0 to 3 the
cell's own nodes. Of the two edges that enter a node one comes from above and one from below, so
that no edge lies on another or behind a node.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch

from naslib_edd.report.style import GREY, house_style, new_figure, save_figure, shown
from naslib_edd.spaces.darts.genotype import Genotype
from naslib_edd.spaces.darts.layout import CELLS, INPUTS, KEEP, NODES
from naslib_edd.storage.paths import PathLike, path_of

#: Operation -> name on a figure, and its colour on every figure.
SHORT = {
    "none": "none",
    "noise": "noise",
    "max_pool_3x3": "max 3×3",
    "avg_pool_3x3": "avg 3×3",
    "skip_connect": "skip",
    "sep_conv_3x3": "sep 3×3",
    "sep_conv_5x5": "sep 5×5",
    "dil_conv_3x3": "dil 3×3",
    "dil_conv_5x5": "dil 5×5",
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

_RADIUS = 0.24
#: Between two nodes, and of an arc's height for each node that it spans, in units of the drawing.
_SPACE, _RISE = 1.55, 0.42
#: Between the rows of the two cells, and of the title over a row.
_GAP, _TITLE = 4.5, 2.2
_NAMES = (r"$c_{k-2}$", r"$c_{k-1}$", *(str(node - INPUTS) for node in range(INPUTS, NODES)))


def draw_genotype(axes: Axes, genotype: Genotype, *, font_size: float = 9) -> None:
    """Draw both cells, the normal one above the reduce one."""
    for number, cell in enumerate(CELLS):
        _draw_cell(axes, genotype, cell, -number * _GAP, font_size)
    axes.set_xlim(-0.55, (NODES - 1) * _SPACE + 0.55)
    axes.set_ylim(-_GAP - 2.0, _TITLE + 0.3)
    axes.set_aspect("equal")
    axes.axis("off")


def save_genotype(genotype: Genotype, path: PathLike, *, title: str | None = None) -> Path:
    """Draw a genotype into a file, whose ending says the format (.png, .svg, .pdf).

    Raises:
        UserError: an unknown format, or the file cannot be written.
    """
    with house_style():
        figure = new_figure(6.8, 6.6)
        axes = figure.subplots()
        draw_genotype(axes, genotype)
        if title:
            axes.set_title(shown(title))
        return save_figure(figure, path_of(path, "the figure"))


def _draw_cell(axes: Axes, genotype: Genotype, cell: str, y: float, font_size: float) -> None:
    nodes = ", ".join(_NAMES[node] for node in genotype.concat(cell))
    axes.text(
        -0.5,
        y + _TITLE,
        f"{cell} cell: nodes {nodes}, concatenated",
        fontsize=font_size + 1,
        va="center",
    )
    pairs = genotype.cell(cell)
    for first in range(0, len(pairs), KEEP):
        entering = sorted(pairs[first : first + KEEP], key=lambda pair: pair[1])
        for side, (name, source) in zip((1, -1), entering, strict=True):
            _draw_edge(axes, source, INPUTS + first // KEEP, name, side, y, font_size)
    for node, name in enumerate(_NAMES):
        face = "#e3ebf3" if node < INPUTS else "white"
        place = (node * _SPACE, y)
        axes.add_patch(Circle(place, _RADIUS, facecolor=face, edgecolor="black", zorder=4))
        axes.text(*place, name, ha="center", va="center", fontsize=max(font_size - 1, 6), zorder=5)


def _draw_edge(
    axes: Axes, source: int, target: int, name: str, side: int, y: float, font_size: float
) -> None:
    start, end = source * _SPACE, target * _SPACE
    height = side * _RISE * (target - source)
    gone = name == "none"
    axes.add_patch(
        FancyArrowPatch(
            (start, y),
            (end, y),
            # An arc3 curve is highest in its middle, at half its control point; below is positive.
            connectionstyle=f"arc3,rad={-2 * height / (end - start)}",
            patchA=Circle((start, y), _RADIUS, transform=axes.transData),
            patchB=Circle((end, y), _RADIUS, transform=axes.transData),
            shrinkA=0,
            shrinkB=1,
            arrowstyle="-|>",
            mutation_scale=10,
            linewidth=1.0 if gone else 1.8,
            linestyle=(0, (4, 3)) if gone else "-",
            color=COLOURS[name],
            zorder=2,
        )
    )
    axes.text(
        (start + end) / 2,
        y + height,
        SHORT[name],
        ha="center",
        va="center",
        fontsize=font_size,
        zorder=3,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
    )
