"""Figures and tables made from records; nothing here runs a search again.

>>> draw_run(Path("runs/nasbench201/digits/quickstart/0"))  # doctest: +SKIP
>>> report(["runs"], "report", data_note="CIFAR-10 (JPEG)")  # doctest: +SKIP

The names below are imported on first use: importing this package loads no matplotlib.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from naslib_edd.report.compare import report
    from naslib_edd.report.comparison import Comparison, compare_groups, compare_values
    from naslib_edd.report.groups import Group, group_runs
    from naslib_edd.report.paper import PaperRow, paper_row
    from naslib_edd.report.recipe import reduction
    from naslib_edd.report.run_figures import draw_overview, draw_run
    from naslib_edd.report.runs import Run, load_runs

_HOME = {
    "Comparison": "comparison",
    "Group": "groups",
    "PaperRow": "paper",
    "Run": "runs",
    "compare_groups": "comparison",
    "compare_values": "comparison",
    "draw_overview": "run_figures",
    "draw_run": "run_figures",
    "group_runs": "groups",
    "load_runs": "runs",
    "paper_row": "paper",
    "reduction": "recipe",
    "report": "compare",
}

__all__ = [
    "Comparison",
    "Group",
    "PaperRow",
    "Run",
    "compare_groups",
    "compare_values",
    "draw_overview",
    "draw_run",
    "group_runs",
    "load_runs",
    "paper_row",
    "reduction",
    "report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
