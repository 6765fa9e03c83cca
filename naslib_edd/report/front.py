"""A Pareto front: every architecture's accuracy over its cost, and those that nothing beats."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naslib_edd.report.style import GREY, PALETTE, house_style, new_figure, save_figure
from naslib_edd.storage.paths import path_of

#: Cost -> what its axis says.
LABELS = {
    "params_M": "parameters, millions",
    "flops_M": "multiply-adds, millions",
    "train_time_s": "training time, s",
    "latency_ms": "latency, ms",
}


def draw_front(
    values: NDArray[np.floating],
    costs: NDArray[np.floating],
    front: list[int],
    path: str | os.PathLike[str],
    *,
    accuracy: str,
    cost: str,
) -> Path:
    """Draw a front into a file, whose ending says the format (.png, .svg, .pdf).

    Args:
        values: accuracies in %, [N].
        costs: [N].
        front: indices on the front, the cheapest first.
        path: the file to write.
        accuracy: label of the vertical axis.
        cost: label of the horizontal axis.

    Raises:
        UserError: an unknown format.
    """
    with house_style():
        figure = new_figure(6.4, 4.2)
        axes = figure.subplots()
        axes.scatter(costs, values, s=3, color=GREY, alpha=0.35, linewidths=0, rasterized=True)
        axes.step(costs[front], values[front], where="post", color=PALETTE[0])
        axes.plot(costs[front], values[front], "o", color=PALETTE[0], markersize=4)
        # The bulk; what is far below it would squeeze the front into a line.
        known = values[np.isfinite(values) & np.isfinite(costs)]
        bottom, top = float(np.percentile(known, 10)), float(known.max())
        axes.set_ylim(min(bottom, float(values[front].min())), top + 0.03 * (top - bottom))
        axes.set_xlabel(cost)
        axes.set_ylabel(accuracy)
        axes.set_title(f"{len(front)} of {len(known)} architectures are on the front")
        return save_figure(figure, path_of(path, "the figure"))
