"""Many runs side by side: the paper's figures 4A and 4B, and the table, from records alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.report import statistics_text
from naslib_edd.report.cd_diagram import cd_diagram
from naslib_edd.report.comparison import compare_groups
from naslib_edd.report.group_figures import accuracy_figure, entropy_figure
from naslib_edd.report.groups import group_runs
from naslib_edd.report.page import page
from naslib_edd.report.page_drawings import drawings
from naslib_edd.report.runs import sound_runs
from naslib_edd.report.style import (
    house_style,
    save_figure,
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
    drawn = drawings([row.group for row in table], found)
    text = page(table, found, drawn, folder, unfinished=unfinished, damaged=damaged)
    return [*paths, write_text(folder / "index.html", text)]


def _json(values: Any) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
