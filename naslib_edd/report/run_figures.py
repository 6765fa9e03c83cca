"""The figures of one run, made from its record: temperature, accuracy, β, the final cell."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib.ticker as ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from naslib_edd.report.panels import (
    draw_edge_weights,
    draw_entropy,
    draw_network_accuracy,
    draw_table_accuracy,
    draw_temperature,
    has_table,
)
from naslib_edd.report.recipe import reduction
from naslib_edd.report.runs import Run, load_run
from naslib_edd.report.series import edge_weights
from naslib_edd.report.style import format_of, house_style, new_figure, save_figure, shown
from naslib_edd.storage.paths import PathLike, path_of
from naslib_edd.storage.record import Row

#: Characters of a line under a cell.
_LINE = 130


def draw_run(folder: PathLike) -> list[Path]:
    """Draw a run's figures into its folder ``figures/``.

    Args:
        folder: holds ``record.jsonl`` of at least one epoch, and ``config.yaml``.

    Returns:
        The PNG files: temperature, accuracy, beta, cell; of a floor accuracy and cell.

    Raises:
        UserError: no record, a damaged one, or figures that cannot be written.
    """
    run = load_run(folder)
    with house_style():
        drawers = {
            "temperature": _temperature,
            "accuracy": _accuracy,
            "beta": _beta,
            "cell": _cell,
        }
        if run.floor:
            drawers = {"accuracy": _table_accuracy} if has_table(run.rows) else {}
            drawers["cell"] = _cell
        figures = {name: draw(run) for name, draw in drawers.items()}
        return [
            save_figure(figure, run.folder / "figures" / f"{name}.png")
            for name, figure in figures.items()
        ]


def draw_overview(folder: PathLike, path: PathLike | None = None) -> Path:
    """Draw a run in one wide picture: its final cell, E[H] and t, the accuracies.

    A floor has no entropy and no network: its picture is the cell and the table's accuracies.

    Args:
        folder: the run's.
        path: of the PNG, PDF or SVG; ``figures/overview.png`` in the run's folder by default.

    Raises:
        UserError: as :func:`draw_run`.
    """
    run = load_run(folder)
    path = path_of(path or run.folder / "figures" / "overview.png", "the figure's file")
    format_of(path)
    with house_style():
        if run.floor:
            return save_figure(_floor_overview(run), path)
        size = reduction(run.config, images=run.images)
        figure = new_figure(12, 3.6, title=f"{_title(run)}{f', {size}' if size else ''}")
        grid = figure.add_gridspec(1, 3, width_ratios=(4.3, 3.4, 4.3))
        left, middle, right = (figure.add_subfigure(grid[0, place]) for place in range(3))
        cell = left.subplots()
        run.space.draw(cell, run.last["ops"], font_size=8)
        cell.set_title(f"the cell after epoch {len(run.rows)}{_number(run)}")
        entropy, t = middle.subplots(2, 1, sharex=True)
        _entropy_over_t(entropy, t, run.rows)
        entropy.set_title("entropy and temperature of β")
        accuracy = right.subplots()
        draw_network_accuracy(accuracy, run.rows)
        accuracy.set_title("shared weights: accuracy")
        right.legend(loc="outside lower center", ncols=2)
        return save_figure(figure, path)


def _floor_overview(run: Run) -> Figure:
    figure = new_figure(9, 3.6, title=_title(run))
    left, right = figure.subplots(1, 2)
    run.space.draw(left, run.last["ops"], font_size=8)
    last = run.last
    seen = f"{last['queries']} look-ups" if "queries" in last else f"{last['scored']} scored"
    left.set_title(f"the best of {seen}{_number(run)}")
    draw_table_accuracy(right, run.rows)
    how = "looked up" if "queries" in last else "scored"
    right.set_title(f"the best architecture {how} so far (table)")
    _legend_below(right, columns=3)
    return figure


def _temperature(run: Run) -> Figure:
    figure = new_figure(6, 4.4, title=_title(run))
    entropy, t = figure.subplots(2, 1, sharex=True)
    _entropy_over_t(entropy, t, run.rows)
    return figure


def _entropy_over_t(entropy: Axes, t: Axes, rows: Sequence[Row]) -> None:
    draw_entropy(entropy, rows)
    entropy.set_title("entropy of the edge weights, mean over edges")
    entropy.set_xlabel("")
    draw_temperature(t, rows)


def _accuracy(run: Run) -> Figure:
    panels = 2 if has_table(run.rows) else 1
    figure = new_figure(5.4 * panels, 4.2, title=_title(run))
    axes = figure.subplots(1, panels, squeeze=False)[0]
    draw_network_accuracy(axes[0], run.rows)
    axes[0].set_title("shared weights")
    _legend_below(axes[0], columns=2)
    if panels == 2:
        draw_table_accuracy(axes[1], run.rows)
        axes[1].set_title("the epoch's architecture, trained alone (table)")
        _legend_below(axes[1], columns=3)
    return figure


def _table_accuracy(run: Run) -> Figure:
    figure = new_figure(5.4, 4.2, title=_title(run))
    axes = figure.subplots()
    draw_table_accuracy(axes, run.rows)
    axes.set_title("the best architecture looked up so far (table)")
    _legend_below(axes, columns=3)
    return figure


def _legend_below(axes: Axes, *, columns: int) -> None:
    # Under the axes it covers no line, wherever the lines go.
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=columns)


def _beta(run: Run) -> Figure:
    layout = run.space.layout
    beta = edge_weights(run.rows, layout)
    columns = 3 if layout.edges <= 6 else 7
    lines = -(-layout.edges // columns)
    size = (2.8 * columns, 2.5 * lines)
    figure = new_figure(*size, title=f"{_title(run)}: edge weights β = softmax(A/t)")
    axes = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for edge, panel in enumerate(axes.flat):
        if edge < layout.edges:
            draw_edge_weights(panel, beta, edge, layout)
            panel.label_outer()
        else:
            panel.set_axis_off()
    for panel in axes[:, 0]:
        panel.set_ylabel("β")
        panel.yaxis.set_major_locator(ticker.MultipleLocator(0.25))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _cell(run: Run) -> Figure:
    last = run.last
    figure = new_figure(6.6, 4.2, title=f"{_title(run)}: the cell after epoch {len(run.rows)}")
    axes = figure.subplots()
    run.space.draw(axes, last["ops"])
    lines = textwrap.wrap(last["arch_str"], _LINE)
    name = "\n".join(map(shown, lines)) + _number(run).replace(", ", "\n")
    if len(lines) == 1:
        axes.set_title(name, fontsize=8, y=-0.14)
    else:  # a text of two cells
        figure.supxlabel(name, fontsize=6)
    return figure


def _number(run: Run) -> str:
    number = run.last.get("index")
    return "" if number is None else f", index {number}"


def _title(run: Run) -> str:
    return f"{run.name}, {run.dataset}, seed {run.seed}"
