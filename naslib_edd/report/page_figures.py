"""Figures of a page that no paper has: temperature, regret, cost, and the grid of an ablation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from naslib_edd.report.comparison import Comparison
from naslib_edd.report.group_figures import figure_of_groups, legend, mean_and_std, name_with_runs
from naslib_edd.report.groups import Group, name_among
from naslib_edd.report.runs import Run
from naslib_edd.report.series import Series, series
from naslib_edd.report.style import epoch_axis, line_style, new_figure, shown
from naslib_edd.storage.record import Row

_POINTS = 200


def temperature_figure(groups: Sequence[Group]) -> Figure | None:
    """t per epoch, mean over seeds, on a log axis; None where no record has one."""
    drawn = [(group, mean_and_std(group, "t")[0]) for group in groups]
    drawn = [(group, mean) for group, mean in drawn if not np.isnan(mean).all()]
    if not drawn:
        return None
    figure, columns = figure_of_groups(6.4, [group for group, _ in drawn])
    axes = figure.subplots()
    for group, mean in drawn:
        colour, dashes = line_style(list(groups).index(group))
        epochs = np.arange(1, len(mean) + 1)
        label = name_with_runs(group, groups)
        axes.plot(epochs, mean, color=colour, linestyle=dashes, label=label)
    axes.set_yscale("log")
    axes.set_ylabel("temperature t, mean over seeds")
    epoch_axis(axes, max(len(mean) for _, mean in drawn))
    axes.set_title("temperature of β")
    legend(figure, axes, columns)
    return figure


def regret_figure(groups: Sequence[Group], dataset: str) -> Figure | None:
    """Test regret of the cell so far against seconds, and against look-ups where there are any.

    Regret is the table's best minus the cell's, points. Means over seeds; a run's last cell counts
    on. A search that looks nothing up has a mark at one look-up: that of its final cell.
    """
    drawn = [group for group in groups if _regrets(group.runs[0], dataset) is not None]
    if not drawn:
        return None
    figure, columns = figure_of_groups(10.4, drawn)
    seconds, lookups = figure.subplots(1, 2, sharey=True)
    for number, group in enumerate(groups):
        if group not in drawn:
            continue
        colour, dashes = line_style(number)
        found = [_regrets(run, dataset) for run in group.runs]
        regrets = [regret for regret in found if regret is not None]
        spent = [np.nancumsum(series(run.rows, "seconds")) for run in group.runs]
        style: dict[str, Any] = {"color": colour, "linestyle": dashes}
        label = name_with_runs(group, groups)
        counts = [series(run.rows, "queries") for run in group.runs]
        looks_up = not any(np.isnan(count).all() for count in counts)
        if looks_up:  # its seconds are those of a dictionary
            asked = np.unique(np.concatenate(counts))
            lookups.plot(asked, _at(asked, counts, regrets), label=label, **style)
            continue
        lookups.plot([1], [_ends(regrets)], "o", color=colour, markersize=4)
        first, last = min(s[0] for s in spent), max(s[-1] for s in spent)
        if last > first > 0:
            times = np.geomspace(first, last, _POINTS)
            seconds.plot(times, _at(times, spent, regrets), label=label, **style)
        else:
            seconds.plot([max(last, 1e-3)], [_ends(regrets)], "o", label=label, color=colour)
    for axes, label in ((seconds, "seconds of search"), (lookups, "look-ups in the table")):
        axes.set_xscale("log")
        axes.set_xlabel(label)
    seconds.set_ylabel("regret of test accuracy, points")
    seconds.set_ylim(bottom=0)
    seconds.set_title("searches with a supernet, against seconds")
    lookups.set_title("against look-ups; a dot: a final cell alone")
    handles = [line for axes in (seconds, lookups) for line in axes.get_lines()
               if not line.get_label().startswith("_")]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)
    return figure


def cost_figure(groups: Sequence[Group], dataset: str, cost: str, label: str) -> Figure | None:
    """Test accuracy of every final cell over its cost, and the front of those found."""
    points: list[tuple[int, float, float]] = []
    for number, group in enumerate(groups):
        results = [run.result or {} for run in group.runs]
        costs = series(results, "table", "datasets", dataset, cost)
        values = series(results, "table", "datasets", dataset, "test", "value")
        points += [
            (number, float(x), float(y))
            for x, y in zip(costs, values, strict=True)
            if np.isfinite(x) and np.isfinite(y)
        ]
    if not points:
        return None
    figure, columns = figure_of_groups(6.4, groups)
    axes = figure.subplots()
    for number, group in enumerate(groups):
        own = [(x, y) for place, x, y in points if place == number]
        if own:
            colour, _ = line_style(number)
            marker = "osD"[number // 6 % 3]
            axes.scatter(
                [x for x, _ in own], [y for _, y in own], color=colour, marker=marker,
                s=22, alpha=0.8, label=name_with_runs(group, groups),
            )  # fmt: skip
    front: list[tuple[float, float]] = []
    for _, x, y in sorted(points, key=lambda point: (point[1], -point[2])):
        if not front or y > front[-1][1]:
            front.append((x, y))
    axes.step(*zip(*front, strict=True), where="post", color="#8c8c8c", linewidth=1, zorder=0)
    axes.set_xlabel(label)
    axes.set_ylabel("test accuracy  (%)")
    axes.set_title("every final cell; the line: nothing found is better and cheaper")
    legend(figure, axes, columns)
    return figure


def ablation_figure(groups: Sequence[Group], found: Comparison) -> Figure | None:
    """Mean accuracy over two things in which the groups differ; None if it is not two.

    The two are the method and the settings off the method's own that vary.
    """
    means = {sample.name: sample.mean for sample in found.samples}
    known = [group for group in groups if name_among(group, groups) in means]
    facts = [{"method": group.runs[0].config.get("optimizer"), **group.settings} for group in known]
    keys = dict.fromkeys(key for fact in facts for key in fact)
    varied = [key for key in keys if len({str(fact.get(key, "own")) for fact in facts}) > 1]
    if len(varied) != 2:
        return None
    levels = [_levels([fact.get(key, "own") for fact in facts]) for key in varied]
    if min(map(len, levels)) < 2 or len(known) < 0.6 * len(levels[0]) * len(levels[1]):
        return None
    grid = np.full([len(level) for level in levels], np.nan)
    for group, fact in zip(known, facts, strict=True):
        where = tuple(
            level.index(str(fact.get(key, "own")))
            for key, level in zip(varied, levels, strict=True)
        )
        grid[where] = means[name_among(group, groups)]
    height, width = grid.shape
    figure = new_figure(2.2 + 1.1 * width, 1.3 + 0.45 * height)
    axes = figure.subplots()
    image = axes.imshow(grid, cmap="cividis", aspect="auto")
    axes.grid(visible=False)
    axes.set_yticks(range(height), [shown(text) for text in levels[0]])
    axes.set_xticks(range(width), [shown(text) for text in levels[1]])
    axes.set_ylabel(shown(varied[0]))
    axes.set_xlabel(shown(varied[1]))
    low, high = float(np.nanmin(grid)), float(np.nanmax(grid))
    for (row, column), value in np.ndenumerate(grid):
        if np.isfinite(value):
            dark = value < (low + high) / 2
            axes.text(
                column, row, f"{value:.2f}", ha="center", va="center",
                color="white" if dark else "#111111",
            )  # fmt: skip
    axes.set_title(f"mean {shown(found.measure)}, %")
    figure.colorbar(image)
    return figure


def _levels(values: Sequence[Any]) -> list[str]:
    """The different values as texts, numbers by size."""
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) == len(values):
        return list(dict.fromkeys(str(value) for value in sorted(numbers)))
    return list(dict.fromkeys(map(str, values)))


def _regrets(run: Run, dataset: str) -> Series | None:
    rows: Sequence[Row] = run.rows
    found = series(rows, "table", "datasets", dataset, "test", "regret")
    return None if np.isnan(found).all() else found


def _ends(regrets: Sequence[Series]) -> float:
    return float(np.nanmean([regret[-1] for regret in regrets]))


def _at(points: Series, places: Sequence[Series], values: Sequence[Series]) -> Series:
    """Mean over runs of what each had reached at these points; none before all have begun."""
    reached = []
    for place, value in zip(places, values, strict=True):
        index = np.searchsorted(place, points, side="right") - 1
        reached.append(np.where(index >= 0, value[np.maximum(index, 0)], np.nan))
    mean: Series = np.mean(reached, axis=0)
    return mean
