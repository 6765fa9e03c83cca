"""The paper's figures 2A, 2B, 3, 4A and 4B and their companions: `naslib-edd figure NAME`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from naslib_edd.errors import UserError, nearest
from naslib_edd.report.epoch_curves import bare_figure, gap_figure, table_figure
from naslib_edd.report.group_figures import accuracy_figure, entropy_figure
from naslib_edd.report.groups import Group, group_runs
from naslib_edd.report.panels import entropy_bound
from naslib_edd.report.paper_curves import gradient_norms, schedule_entropies, worked_example
from naslib_edd.report.runs import load_runs
from naslib_edd.report.style import (
    GREY,
    PALETTE,
    format_of,
    house_style,
    line_style,
    new_figure,
    save_figure,
)
from naslib_edd.storage.paths import PathLike, path_of


def draw_paper_figure(
    name: str,
    path: PathLike,
    *,
    folders: PathLike | Sequence[PathLike] = (),
    data_note: str | None = None,
) -> Path:
    """Draw one figure.

    Args:
        name: 2A, 2B or 3, from the parts; 4A, 4B, gap, table or bare, from the records of runs.
        path: the file to write: PNG, PDF or SVG, by its suffix.
        folders: of the latter: run folders, or folders above them.
        data_note: of the latter: see :func:`naslib_edd.report.report`.

    Raises:
        UserError: no such figure, or its runs are not there.
    """
    file = path_of(path, "the figure's file")
    format_of(file)
    wanted = name.upper()
    if wanted in _OF_PARTS and folders:
        raise UserError(f"figure {wanted} is made from the parts alone: it takes no run folders")
    if wanted in _OF_RUNS and not folders:
        raise UserError(f"figure {wanted} is made from records: name the folders of the runs")
    if wanted not in {**_OF_PARTS, **_OF_RUNS}:
        known = nearest(wanted, {**_OF_PARTS, **_OF_RUNS})
        raise UserError(
            f"there is no figure {name!r}{known}; there are {', '.join((*_OF_PARTS, *_OF_RUNS))}"
        )
    with house_style():
        if wanted in _OF_PARTS:
            return save_figure(_OF_PARTS[wanted](), file)
        runs = load_runs(folders, None)
        groups = group_runs(runs, data_note=data_note)
        figure = _OF_RUNS[wanted](groups)
        if figure is None:
            raise UserError(f"no record there has what figure {wanted} shows")
        return save_figure(figure, file)


def _gradient_norm() -> Figure:
    norms = gradient_norms()
    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    axes.loglog(norms.t, norms.softmax, color="black", linestyle="--", label="softmax", zorder=5)
    for number, (s, values) in enumerate(norms.noisy.items()):
        label = "sn-softmax, s·t ≡ 1" if s == "unit" else f"sn-softmax, s = {s:g}"
        axes.loglog(norms.t, values, color=line_style(number)[0], label=label)
    axes.invert_xaxis()
    axes.set_ylim(1e-4, 2 * max(values.max() for values in norms.noisy.values()))
    axes.set_xlabel("temperature t, falling: A/t saturates")
    axes.set_ylabel("median norm of ∂l/∂A")
    axes.set_title("2A: the noise term is left when softmax has saturated")
    axes.legend()
    return figure


def _entropies() -> Figure:
    found = schedule_entropies()
    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    steps = np.arange(len(found.linear))
    for values, label, colour in (
        (found.exponential, "ETS: equal steps of exp(E(a)/t)", PALETTE[0]),
        (found.linear, "LTS: equal steps of t", PALETTE[1]),
    ):
        axes.plot(steps, values, color=colour, label=label, marker="o", markersize=3)
    entropy_bound(axes)
    axes.set_xlabel("step of the schedule, t from 1 to 0.001")
    axes.set_ylabel("E[H(β)]  (nats)")
    axes.set_title("2B: entropy of untrained logits, 1e-3·N(0, 1), along two schedules")
    axes.legend(loc="lower left")
    return figure


def _example() -> Figure:
    example = worked_example()
    figure = new_figure(7.2, 3.6)
    axes = figure.subplots()
    curve = np.logspace(0, math.log10(example.exponential[-1]), 400)
    axes.plot(curve, np.exp(4e-4 / curve), color=GREY, linewidth=1, zorder=1)
    for number, (t, point) in enumerate(zip(example.exponential, example.points, strict=True)):
        axes.hlines(point, t, 1.3, color=PALETTE[0], linewidth=0.8, linestyle=":", zorder=0)
        axes.plot(t, point, "o", color=PALETTE[0], label="ETS" if number == 0 else None)
        axes.annotate(
            f"t{number} = {t:.4g}\nexp = {point:.4g}", (t, point), xytext=(8, -3),
            textcoords="offset points", fontsize=7, va="top",
        )  # fmt: skip
    linear = example.linear
    axes.plot(linear, np.exp(4e-4 / linear), "x", color=PALETTE[1], label="LTS", zorder=4)
    axes.set_xscale("log")
    axes.invert_xaxis()
    axes.set_xlim(1.3, 6e-4)
    axes.set_ylim(0.94, 1.53)
    axes.set_xlabel("temperature t, falling")
    axes.set_ylabel("exp(E(a)/t)")
    axes.set_title("3: E(a) = 4e-4, t from 1 to 0.001 in N = 4 steps")
    axes.legend(loc="upper left")
    return figure


_OF_PARTS: dict[str, Callable[[], Figure]] = {
    "2A": _gradient_norm,
    "2B": _entropies,
    "3": _example,
}
_OF_RUNS: dict[str, Callable[[Sequence[Group]], Figure | None]] = {
    "4A": entropy_figure,
    "4B": accuracy_figure,
    "GAP": gap_figure,
    "TABLE": table_figure,
    "BARE": bare_figure,
}
