"""Many runs side by side: the paper's figures 4A and 4B, and the table, from records alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from naslib_edd.engine.record import Row
from naslib_edd.errors import UserError
from naslib_edd.report import statistics_text
from naslib_edd.report.cd_diagram import cd_diagram
from naslib_edd.report.comparison import compare_groups
from naslib_edd.report.groups import Group, group_runs, name_among, shared_reduction
from naslib_edd.report.panels import STATISTICS, entropy_bound
from naslib_edd.report.runs import sound_runs
from naslib_edd.report.series import Series, series
from naslib_edd.report.style import (
    epoch_axis,
    house_style,
    line_style,
    new_figure,
    save_figure,
    shown,
)
from naslib_edd.report.table import as_json, by_accuracy, markdown, summarise
from naslib_edd.report.table_files import as_csv, as_latex
from naslib_edd.storage.files import write_text
from naslib_edd.storage.paths import PathLike, path_of


def report(
    folders: PathLike | Iterable[PathLike],
    out: PathLike,
    *,
    labels: dict[str, str] | None = None,
    data_note: str | None = None,
    against: Sequence[str] = (),
) -> list[Path]:
    """Write tables, statistics and figures of all finished runs, and a page that has them all.

    table.md, .json, .csv and .tex; statistics.md, .json and .csv; fig4a.png, fig4b.png, cd.png;
    index.html.

    Args:
        folders: one or more, each a run's folder or one with run folders anywhere below.
        out: the folder to write to.
        labels: name of a run (its config's ``name``, else ``optimizer``) -> what to call it.
        data_note: what is special about the image files, e.g. ``"CIFAR-10 (JPEG)"``; it becomes
            part of the label of every run that is not on digits.
        against: methods that all others are compared with; by default all pairs are.

    Returns:
        The files; fig4b.png only if the records have the discretised network's accuracy, cd.png
        only if three methods or more share two seeds, statistics only of runs with accuracies.

    Raises:
        UserError: no runs there, none finished, all damaged, or one given twice. (A damaged one
            among others is named in a warning and in the table.)
    """
    folder = path_of(out, "the folder to write to")
    runs, damaged = sound_runs(folders, labels)
    finished = [run for run in runs if run.result is not None]
    unfinished = [
        f"{run.label}, seed {run.seed} (epoch {len(run.rows)})"
        for run in runs
        if run.result is None
    ]
    if not finished:
        raise UserError(
            f"none of the {len(runs)} runs is finished (no result.json); go on with them: "
            "`naslib-edd search … --resume`"
        )
    groups = group_runs(finished, data_note=data_note)
    table = by_accuracy([summarise(group) for group in groups])
    left_out = {"unfinished": unfinished, "damaged": [path.as_posix() for path in damaged]}
    paths = [
        write_text(folder / "table.md", markdown(table, **left_out)),
        write_text(
            folder / "table.json",
            _json(as_json(table, **left_out)),
        ),
        write_text(folder / "table.csv", as_csv(table)),
        write_text(folder / "table.tex", as_latex(table)),
    ]
    found = compare_groups(groups, against=against)
    if found is not None:
        paths += [
            write_text(folder / "statistics.md", statistics_text.markdown(found)),
            write_text(folder / "statistics.json", _json(statistics_text.as_json(found))),
            write_text(folder / "statistics.csv", statistics_text.pairs_csv(found)),
        ]
    with house_style():
        paths.append(save_figure(entropy_figure(groups), folder / "fig4a.png"))
        accuracy = accuracy_figure(groups)
        if accuracy is not None:
            paths.append(save_figure(accuracy, folder / "fig4b.png"))
        if found is not None and found.friedman is not None:
            paths.append(save_figure(cd_diagram(found.friedman, found.ranked), folder / "cd.png"))
    # Only here, for those modules are built on this one.
    from naslib_edd.report.page import page
    from naslib_edd.report.page_drawings import drawings

    drawn = drawings([row.group for row in table], found)
    text = page(table, found, drawn, folder, unfinished=unfinished, damaged=damaged)
    return [*paths, write_text(folder / "index.html", text)]


def _json(values: Any) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


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
    entropy_bound(axes)
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
