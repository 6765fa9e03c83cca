"""Figures with a line a group of runs: the paper's figures 4A and 4B."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from naslib_edd.report.groups import Group, name_among, shared_reduction
from naslib_edd.report.panels import STATISTICS, entropy_bound
from naslib_edd.report.series import Series, series
from naslib_edd.report.style import epoch_axis, line_style, new_figure, shown
from naslib_edd.storage.record import Row


def over_seeds(group: Group, of: Callable[[Sequence[Row]], Series]) -> Series:
    """A number of each epoch for every run of a group, [runs, epochs].

    NaN past the end of a run that stopped early.
    """
    values = np.full((len(group.runs), max(len(run.rows) for run in group.runs)), np.nan)
    for place, run in enumerate(group.runs):
        values[place, : len(run.rows)] = of(run.rows)
    return values


def mean_and_std(group: Group, key: str) -> tuple[Series, Series]:
    """A field's mean and sample standard deviation over a group's seeds, each [epochs].

    A run that stopped early counts up to its end. The deviation of a single run is NaN.
    """
    counted = np.ma.masked_invalid(over_seeds(group, lambda rows: series(rows, key)))
    mean, std = counted.mean(axis=0), counted.std(axis=0, ddof=1)
    return np.ma.filled(mean, np.nan), np.ma.filled(std, np.nan)


def entropy_figure(groups: Sequence[Group]) -> Figure:
    """Figure 4A: E(H(β)) per epoch, a line a group, the band one standard deviation wide."""
    figure, columns = figure_of_groups(6.4, groups)
    axes = figure.subplots()
    _draw(axes, groups, "entropy")
    layouts = [run.space.layout for group in groups for run in group.runs]
    entropy_bound(axes, max(len(layout.operations) for layout in layouts))
    axes.set_ylabel("E[H(β)]  (nats)")
    axes.set_title("entropy of the edge weights, mean ± std over seeds")
    legend(figure, axes, columns)
    return figure


def accuracy_figure(groups: Sequence[Group]) -> Figure | None:
    """Figure 4B: val accuracy of the discretised network with the supernet's shared weights.

    A panel for each kind of batch-norm statistics; None if no record has any.
    """
    kinds = [
        kind
        for kind in STATISTICS
        if any(not np.isnan(mean_and_std(group, f"net_val_acc_{kind}")[0]).all()
               for group in groups)
    ]  # fmt: skip
    if not kinds:
        return None
    width = 5.2 * len(kinds) if len(kinds) > 1 else 6.4
    figure, columns = figure_of_groups(width, groups)
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        _draw(axes, groups, f"net_val_acc_{kind}")
        axes.set_title(f"discretised network, shared weights, {kind} statistics")
        axes.set_ylim(0, 102)
    panels[0].set_ylabel("validation accuracy  (%), mean ± std over seeds")
    legend(figure, panels[0], columns)
    return figure


def _draw(axes: Axes, groups: Sequence[Group], key: str) -> None:
    for number, group in enumerate(groups):
        colour, dashes = line_style(number)
        mean, std = mean_and_std(group, key)
        if np.isnan(mean).all():  # random search has no supernet: no line, nor a name of one
            continue
        epochs = np.arange(1, len(mean) + 1)
        axes.plot(
            epochs, mean, color=colour, linestyle=dashes,
            marker="o" if len(epochs) == 1 else None, label=name_with_runs(group, groups),
        )  # fmt: skip
        axes.fill_between(epochs, mean - std, mean + std, color=colour, alpha=0.18, linewidth=0)
    epoch_axis(axes, max(len(run.rows) for group in groups for run in group.runs))


def name_with_runs(group: Group, groups: Sequence[Group]) -> str:
    """What tells a group from the others, and how many runs it has."""
    return shown(f"{name_among(group, groups)} (n={len(group.runs)})")


def figure_of_groups(width: float, groups: Sequence[Group]) -> tuple[Figure, int]:
    """A figure with room for the legend below its axes, and the legend's columns.

    As many columns as the longest name leaves room for; a column is never cut.
    """
    longest = max(len(name_with_runs(group, groups)) for group in groups)
    columns = max(1, min(len(groups), int(width / (0.6 + 0.085 * longest))))
    height = 4 + 0.19 * math.ceil(len(groups) / columns)
    return new_figure(width, height, title=shared_reduction(groups)), columns


def legend(figure: Figure, axes: Axes, columns: int) -> None:
    """The legend of one panel for all, below the axes: no curve is covered."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns)
