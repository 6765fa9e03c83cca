"""Figures of many runs over their epochs: the table's accuracy, bare edges, and the gap.

The gap is what the paper is about: how far the supernet's accuracy is from that of its own
discretised network, with the same weights on the same images.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from naslib_edd.report.group_figures import figure_of_groups, legend, name_with_runs, over_seeds
from naslib_edd.report.groups import Group, shared_reduction
from naslib_edd.report.panels import DATASETS
from naslib_edd.report.series import Series, series
from naslib_edd.report.style import GREY, PALETTE, epoch_axis, line_style, new_figure, shown
from naslib_edd.storage.record import Row
from naslib_edd.tables.compare import ranked_dataset

#: Panels beside each other in the figure of the gap.
_COLUMNS = 3


def table_figure(groups: Sequence[Group]) -> Figure | None:
    """Test accuracy that the table has for each epoch's discretised cell; None without a table.

    The column is that of the searched images, or the table's first.
    """
    datasets = (groups[0].runs[0].last.get("table") or {}).get("datasets") or {}
    if not datasets:
        return None
    searched = groups[0].runs[0].dataset
    name = ranked_dataset(list(datasets), searched) or searched
    return _lines(
        groups,
        lambda rows: series(rows, "table", "datasets", name, "test", "value"),
        f"{DATASETS.get(name) or shown(name)} test accuracy in the table  (%)",
        "the cell of each epoch, looked up: mean ± std, each seed a thin line",
    )


def bare_figure(groups: Sequence[Group]) -> Figure:
    """How many of the cell's edges are skip_connect or none, after each epoch."""
    return _lines(
        groups,
        lambda rows: series(rows, "skip_count") + series(rows, "none_count"),
        "edges without weights or pool: skip + none",
        "the cell of each epoch: mean ± std, each seed a thin line",
    )


def gap_figure(groups: Sequence[Group]) -> Figure | None:
    """The supernet's val accuracy and its discretised network's, by batch statistics.

    A panel a group; None if no record has both.
    """
    with_both = [
        group
        for group in groups
        if not any(np.isnan(over_seeds(group, of)).all() for of in (_supernet, _discretised))
    ]
    if not with_both:
        return None
    columns = min(_COLUMNS, len(with_both))
    rows = math.ceil(len(with_both) / columns)
    figure = new_figure(
        max(6.4, 3.8 * columns), 0.5 + 3.2 * rows, title=shared_reduction(with_both)
    )
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, group in zip(panels, with_both, strict=False):
        _draw_gap(axes, group)
        axes.set_title(shown(f"{group.label} (n={len(group.runs)})"))
    for axes in panels[len(with_both) :]:
        axes.set_visible(False)
    for axes in panels[::columns]:
        axes.set_ylabel("validation accuracy  (%)")
    legend(figure, panels[0], 3)
    return figure


def _supernet(rows: Sequence[Row]) -> Series:
    return series(rows, "val_acc")


def _discretised(rows: Sequence[Row]) -> Series:
    return series(rows, "net_val_acc_batch")


def _draw_gap(axes: Axes, group: Group) -> None:
    relaxed, discrete = over_seeds(group, _supernet), over_seeds(group, _discretised)
    epochs = np.arange(1, relaxed.shape[1] + 1)
    above, below = _mean(relaxed), _mean(discrete)
    axes.fill_between(epochs, below, above, color=GREY, alpha=0.25, linewidth=0, label="the gap")
    for values, mean, colour, label in (
        (relaxed, above, PALETTE[0], "supernet (batches of the val half)"),
        (discrete, below, PALETTE[1], "its discretised network, shared weights"),
    ):
        axes.plot(epochs, values.T, color=colour, linewidth=0.6, alpha=0.5)
        axes.plot(epochs, mean, color=colour, label=label)
    axes.set_ylim(0, 100)
    epoch_axis(axes, len(epochs))


def _lines(
    groups: Sequence[Group], of: Callable[[Sequence[Row]], Series], label: str, title: str
) -> Figure:
    figure, columns = figure_of_groups(6.4, groups)
    axes = figure.subplots()
    for number, group in enumerate(groups):
        colour, dashes = line_style(number)
        values = over_seeds(group, of)
        epochs = np.arange(1, values.shape[1] + 1)
        mean, spread = _mean(values), _std(values)
        axes.plot(epochs, values.T, color=colour, linestyle=dashes, linewidth=0.5, alpha=0.5)
        axes.plot(epochs, mean, color=colour, linestyle=dashes, label=name_with_runs(group, groups))
        axes.fill_between(
            epochs, mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0
        )
    epoch_axis(axes, max(len(run.rows) for group in groups for run in group.runs))
    axes.set_ylabel(label)
    axes.set_title(title)
    legend(figure, axes, columns)
    return figure


def _mean(values: Series) -> Series:
    return np.ma.filled(np.ma.masked_invalid(values).mean(axis=0), np.nan)


def _std(values: Series) -> Series:
    """Sample standard deviation over seeds; 0 of a single run, which has no band."""
    if len(values) == 1:
        return np.zeros(values.shape[1])
    return np.ma.filled(np.ma.masked_invalid(values).std(axis=0, ddof=1), np.nan)
