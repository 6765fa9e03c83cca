"""The panels that figures are composed of: each draws one thing from a record on given axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from naslib_edd import spaces
from naslib_edd.report.series import Series, series
from naslib_edd.report.style import DASHES, GREY, PALETTE, epoch_axis
from naslib_edd.report.style import shown as literally
from naslib_edd.spaces import Layout
from naslib_edd.spaces.nb201.drawing import COLOURS, SHORT
from naslib_edd.storage.record import Row

#: The table's data sets: key in the record -> name on a figure.
DATASETS = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "imagenet16_120": "IN16-120",
    "digits": "NB201-Digits",
}
#: The discretised network's batch-norm statistics -> colour.
STATISTICS = {"batch": PALETTE[0], "running": PALETTE[1]}


def draw_entropy(axes: Axes, rows: Sequence[Row]) -> None:
    """E[H] of β per epoch, nats, under its upper bound, ln of the number of operations."""
    _line(axes, rows, series(rows, "entropy"), color=PALETTE[0])
    entropy_bound(axes, len(rows[0]["logits"][0]))
    axes.set_ylabel("E[H(β)]  (nats)")
    epoch_axis(axes, len(rows))


def entropy_bound(axes: Axes, operations: int = 5) -> None:
    """The dotted line at the logarithm of the number of operations, and a y axis that shows it."""
    bound = math.log(operations)
    axes.axhline(bound, color=GREY, linestyle=":", linewidth=1.2)
    axes.annotate(
        f"ln {operations}", (1, bound), xycoords=("axes fraction", "data"), ha="right",
        va="bottom", xytext=(0, 2), textcoords="offset points", color="#666666", fontsize=8,
    )  # fmt: skip
    axes.set_ylim(0, 1.14 * bound)


def draw_temperature(axes: Axes, rows: Sequence[Row]) -> None:
    """t per epoch on a log axis."""
    t = series(rows, "t")
    _line(axes, rows, t, color=PALETTE[1])
    axes.set_yscale("log")
    # 0.001, not 10 to a superscript that is too small to read.
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if np.nanmax(t) < 10 * np.nanmin(t):
        # A constant t would be given an axis without a labelled power of ten.
        axes.set_ylim(np.nanmin(t) / 10, np.nanmax(t) * 10)
    axes.set_ylabel("temperature t")
    epoch_axis(axes, len(rows))


def draw_network_accuracy(axes: Axes, rows: Sequence[Row], *, supernet: bool = True) -> None:
    """Accuracy of the discretised network with the shared weights, and the supernet's own."""
    if supernet:
        for half, dashes in (("train", "--"), ("val", ":")):
            _line(
                axes, rows, series(rows, f"{half}_acc"), color=GREY, linestyle=dashes,
                label=f"supernet, {half} batches",
            )  # fmt: skip
    for kind, colour in STATISTICS.items():
        values = series(rows, f"net_val_acc_{kind}")
        if not np.isnan(values).all():
            _line(axes, rows, values, color=colour, label=f"discretised, {kind} statistics, val")
    axes.set_ylabel("accuracy  (%)")
    axes.set_ylim(0, 102)
    epoch_axis(axes, len(rows))


def has_table(rows: Sequence[Row]) -> bool:
    """Whether the record has accuracies of a table."""
    return any(row.get("table") for row in rows)


def _datasets_of(row: Row) -> list[str]:
    return list(((row.get("table") or {}).get("datasets")) or {})


def draw_table_accuracy(axes: Axes, rows: Sequence[Row]) -> None:
    """The table's accuracies of each epoch's architecture: test solid, validation dashed."""
    found = dict.fromkeys(name for row in rows for name in _datasets_of(row))
    names = [*DATASETS, *(name for name in found if name not in DATASETS)]
    for name, colour in zip(names, itertools.cycle(PALETTE[2:6]), strict=False):
        shown = DATASETS.get(name) or literally(name)
        for part, dashes in (("test", "-"), ("val", "--")):
            values = series(rows, "table", "datasets", name, part, "value")
            if not np.isnan(values).all():
                _line(axes, rows, values, color=colour, linestyle=dashes, label=f"{shown} {part}")
    axes.set_ylabel("accuracy  (%)")
    axes.set_ylim(0, 102)
    epoch_axis(axes, len(rows))


def draw_edge_weights(axes: Axes, beta: Series, edge: int, layout: Layout | None = None) -> None:
    """β of one edge per epoch, a line an operation.

    Args:
        axes: where to.
        beta: [epochs, edges, operations].
        edge: which.
        layout: of the space; NAS-Bench-201's by default.
    """
    layout = layout or spaces.get("nasbench201").layout
    epochs = np.arange(1, len(beta) + 1)
    styles = operation_styles(layout.operations)
    for op in layout.columns(edge):
        name = layout.operations[op]
        colour, dashes = styles[name]
        axes.plot(
            epochs, beta[:, edge, op], color=colour, label=SHORT.get(name, literally(name)),
            linestyle=dashes, marker=_marker(len(beta)), markersize=3,
        )  # fmt: skip
    cell, source, target = layout.edge(edge)
    where = f"{cell}, " if len(layout.cells) > 1 else ""
    axes.set_title(f"{where}edge {target}←{source}")
    axes.set_ylim(-0.03, 1.03)
    epoch_axis(axes, len(beta))


def operation_styles(operations: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and dashes of each operation's line: no two of a space look the same."""
    styles = {
        name: (COLOURS[name], "--" if name == "none" else "-")
        for name in operations
        if name in COLOURS
    }
    taken = {colour for colour, _ in styles.values()}
    free = [colour for colour in PALETTE if colour not in taken]
    for number, name in enumerate(name for name in operations if name not in styles):
        rounds, place = divmod(number, len(free))
        styles[name] = free[place], DASHES[rounds % len(DASHES)]
    return styles


def _line(
    axes: Axes,
    rows: Sequence[Row],
    values: Series,
    *,
    color: str,
    linestyle: str = "-",
    label: str | None = None,
) -> None:
    axes.plot(
        series(rows, "epoch"), values, color=color, linestyle=linestyle, label=label,
        marker=_marker(len(rows)), markersize=3,
    )  # fmt: skip


def _marker(epochs: int) -> str | None:
    """Dots while they stand apart; a run of one epoch would be invisible without."""
    return "o" if epochs <= 25 else None
