"""The critical-difference diagram: mean ranks on a line, bars over what cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from naslib_edd.report.friedman import Friedman, cliques
from naslib_edd.report.style import PALETTE, new_figure, shown

_ROW = 0.21  # inches a name


def cd_diagram(found: Friedman, names: Sequence[str]) -> Figure:
    """Draw it, after Demšar 2006: the best method left, half of the names on each side.

    Args:
        found: the test.
        names: of its methods, in its order.
    """
    order = np.argsort(found.ranks, kind="stable")
    ranks, labels = found.ranks[order], [names[place] for place in order]
    bars = cliques(list(ranks), found.critical)
    k, half = len(labels), (len(labels) + 1) // 2
    below = 0.5 + 0.35 * len(bars)  # rows between the axis and the first name
    rows = below + half
    figure = new_figure(8.4, 1.0 + _ROW * rows)
    axes = figure.subplots()
    axes.axis("off")
    low, high = 1.0, float(k)
    margin = 0.02 * (high - low)
    axes.set_xlim(low - 0.55 * (high - low), high + 0.55 * (high - low))
    axes.set_ylim(-rows - 0.3, 3.4)
    axes.plot([low, high], [0, 0], color="black", linewidth=1.2)
    step = max(1, round(k / 8))
    for tick in range(1, k + 1, step):
        axes.plot([tick, tick], [0, 0.35], color="black", linewidth=1)
        axes.text(tick, 0.5, str(tick), ha="center", va="bottom", fontsize=8)
    end = min(low + found.critical, high + 0.5 * (high - low))
    axes.plot([low, end], [2.1, 2.1], color=PALETTE[1], linewidth=2.2)
    axes.text(
        (low + end) / 2, 2.3, f"critical difference {found.critical:.2f}", ha="center",
        va="bottom", fontsize=8,
    )  # fmt: skip
    for number, (first, last) in enumerate(bars):
        height = -0.45 - 0.35 * number
        axes.plot(
            [ranks[first] - margin / 2, ranks[last] + margin / 2], [height, height],
            color=PALETTE[0], linewidth=2.6, solid_capstyle="round",
        )  # fmt: skip
    for place, (rank, label) in enumerate(zip(ranks, labels, strict=True)):
        left = place < half
        height = -below - (place if left else k - 1 - place) - 0.3
        side = low - 2 * margin if left else high + 2 * margin
        axes.plot([rank, rank, side], [0, height, height], color="black", linewidth=0.7)
        text = shown(label)
        text = f"{text}  {rank:.2f}" if left else f"{rank:.2f}  {text}"
        axes.text(
            side - margin if left else side + margin, height, text,
            ha="right" if left else "left", va="center", fontsize=8,
        )  # fmt: skip
    axes.set_title(f"mean rank over {found.seeds} seeds, 1 is best")
    return figure
