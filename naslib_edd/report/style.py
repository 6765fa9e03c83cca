"""How every figure looks: sizes, colours that colour-blind readers can tell apart, its file.

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

from naslib_edd.errors import UserError
from naslib_edd.storage.files import write_atomic
from naslib_edd.storage.literal import literal

DPI = 150
#: Format -> what of its metadata is set: no date, so that the same figure is the same file.
_METADATA: dict[str, dict[str, None]] = {
    "png": {},
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
}
#: Characters of a title or a label.
_LONGEST = 160
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
    "svg.hashsalt": "naslib-edd",
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
        figure.suptitle(shown(title))
    return figure


def format_of(path: Path) -> str:
    """The format that a figure's file name asks for: ``"png"``, ``"pdf"`` or ``"svg"``.

    Raises:
        UserError: another suffix, or none.
    """
    found = path.suffix.lower().removeprefix(".")
    if found not in _METADATA:
        raise UserError(
            f"a figure's file name ends in {' or '.join(f'.{name}' for name in _METADATA)}, which "
            f"decides its format; {path.name!r} does not"
        )
    return found


def save_figure(figure: Figure, path: Path) -> Path:
    """Write the figure in the format of its suffix; a reader never sees half a file.

    Raises:
        UserError: the suffix is none of a format, or the file cannot be written.
    """
    kind = format_of(path)
    options: Any = {"format": kind, "dpi": DPI, "metadata": _METADATA[kind]}
    return write_atomic(path, lambda file: figure.savefig(file, **options))


def shown(text: str) -> str:
    """A text of a user in a figure: on one line, of bearable length, its dollars no mathematics."""
    return literal(text, most=_LONGEST).replace("$", r"\$")


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
