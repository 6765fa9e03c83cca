"""Which figures a page has, and what is said below each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from naslib_edd.report.cd_diagram import cd_diagram
from naslib_edd.report.comparison import Comparison
from naslib_edd.report.epoch_curves import bare_figure, gap_figure, table_figure
from naslib_edd.report.front import LABELS
from naslib_edd.report.group_figures import accuracy_figure, entropy_figure
from naslib_edd.report.groups import Group
from naslib_edd.report.inline import inline_svg, page_style
from naslib_edd.report.page_figures import (
    ablation_figure,
    cost_figure,
    regret_figure,
    temperature_figure,
)

#: Panels of the gap, the first groups of the table; more would be too small to be read.
_GAPS = 12
#: Lines of a figure; the table says which are left out.
_LINES = 18


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure of the page: its name, its SVG, what is said below it, whether it takes the row."""

    name: str
    svg: Markup
    caption: str
    wide: bool = False


def drawings(groups: Sequence[Group], found: Comparison | None) -> list[Drawing]:
    """Every figure that the records allow, of the first 18 groups.

    Args:
        groups: in the table's order.
        found: their statistics.
    """
    with page_style():
        return [
            Drawing(name=name, svg=inline_svg(figure, name, label=caption), caption=caption,
                    wide=figure.get_figwidth() > 8.5)
            for name, figure, caption in _figures(groups, found)
            if figure is not None
        ]  # fmt: skip


def _figures(
    groups: Sequence[Group], found: Comparison | None
) -> Iterator[tuple[str, Figure | None, str]]:
    if found is not None and found.friedman is not None:
        yield "cd", cd_diagram(found.friedman, found.ranked), "Critical-difference diagram."
    some = groups[:_LINES]
    rest = f" The first {_LINES} rows of the table." if len(groups) > _LINES else ""
    searched = [group for group in some if not group.runs[0].floor]
    table = groups[0].runs[0].last.get("table") or {}
    datasets = list(table.get("datasets") or {})
    if searched:
        yield "entropy", entropy_figure(searched), f"Entropy of β, mean ± std over seeds.{rest}"
        yield "temperature", temperature_figure(searched), f"Temperature of β.{rest}"
        yield (
            "accuracy", accuracy_figure(searched),
            f"Validation accuracy of the discretised network with shared weights.{rest}",
        )  # fmt: skip
        yield (
            "gap", gap_figure(searched[:_GAPS]),
            f"The gap between supernet and discretised network, first {_GAPS} methods at most.",
        )  # fmt: skip
    yield "bare", bare_figure(some), f"Edges that are skip or none after each epoch.{rest}"
    if datasets:
        yield "table", table_figure(some), f"The table's accuracy of each epoch's cell.{rest}"
        name = str(datasets[0])
        yield (
            "regret", regret_figure(some, name),
            f"How far the cell so far is below the table's best, mean over seeds.{rest}",
        )  # fmt: skip
        for cost in ("flops_M", "params_M", "latency_ms"):
            figure = cost_figure(some, name, cost, LABELS[cost])
            yield cost.replace("_", ""), figure, f"Accuracy against {LABELS[cost]}.{rest}"
    if found is not None:
        yield "ablation", ablation_figure(groups, found), "Mean over seeds of each combination."
