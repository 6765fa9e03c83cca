"""How every figure looks: sizes, colours that colour-blind readers can tell apart, PNG output.

Figures are made with matplotlib's Figure class on the Agg canvas, so that drawing needs no display
and leaves pyplot's global state alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from naslib_edd.errors import UserError, nearest
from naslib_edd.files import write_atomic

DPI = 150
GREY = "#8c8c8c"
#: The palette of Okabe and Ito, without its black and its yellow (too light on white).
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: Line styles for a second and third round through the palette.
DASHES = ("-", "--", ":")

# Any: matplotlib types the keys one by one, in some versions.
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib; has β, ← and ×
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "figure.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.usetex": False,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Our settings while figures are made; the caller's come back afterwards."""
    with matplotlib.rc_context(_STYLE):
        yield


def new_figure(width: float, height: float, *, title: str | None = None) -> Figure:
    """An empty figure of that size in inches, laid out so that nothing overlaps."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(title)
    return figure


def save_png(figure: Figure, path: Path) -> Path:
    """Write the figure; a reader never sees half a file."""
    return write_atomic(path, lambda file: figure.savefig(file, format="png", dpi=DPI))


def save_figure(figure: Figure, path: Path) -> Path:
    """Write the figure in the format that the path's ending names; a reader never sees half a file.

    Raises:
        UserError: matplotlib writes no such format.
    """
    known = figure.canvas.get_supported_filetypes()
    kind = path.suffix.lower().removeprefix(".")
    if kind not in known:
        raise UserError(f"cannot draw {path}: its ending names no format{nearest(kind, known)}")
    return write_atomic(path, lambda file: figure.savefig(file, format=kind, dpi=DPI))


def epoch_axis(axes: Axes, epochs: int) -> None:
    """Whole epochs, counted from 1, along the x axis."""
    margin = max(0.02 * epochs, 0.5)
    axes.set_xlim(1 - margin, epochs + margin)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 5, 10]))
    axes.set_xlabel("epoch")


def line_style(number: int) -> tuple[str, str]:
    """Colour and dashes of the line of that number, all different for the first 18."""
    rounds, colour = divmod(number, len(PALETTE))
    return PALETTE[colour], DASHES[rounds % len(DASHES)]
