"""Figures over epochs hold the records' own numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naslib_edd.report.epoch_curves import bare_figure, gap_figure, table_figure
from naslib_edd.report.group_figures import over_seeds
from naslib_edd.report.groups import Group, group_runs
from naslib_edd.report.runs import load_runs
from naslib_edd.report.series import series

MakeRun = Callable[..., Path]
TEST = {"cifar10": (80.0, 85.0)}


def set_rows(**values: list[float]) -> Callable[[list[dict[str, Any]]], None]:
    def change(rows: list[dict[str, Any]]) -> None:
        for key, column in values.items():
            for row, value in zip(rows, column, strict=False):
                row[key] = value
            del rows[len(column) :]  # a run that stopped early

    return change


@pytest.fixture
def groups(make_run: MakeRun, tmp_path: Path) -> list[Group]:
    """One method, two seeds of 3 and 2 epochs."""
    first = set_rows(val_acc=[50, 60, 70], net_val_acc_batch=[10, 20, 30], skip_count=[3, 1, 0])
    second = set_rows(val_acc=[30, 40], net_val_acc_batch=[20, 40], skip_count=[1, 1])
    make_run("runs/a", seed=0, rows=first, accuracies=TEST, config={"dataset": "cifar10"})
    make_run(
        "runs/b", seed=1, rows=second, accuracies=TEST, config={"dataset": "cifar10"},
        result={"epochs": 2},
    )  # fmt: skip
    return group_runs(load_runs([tmp_path / "runs"]))


def lines(axes: Any) -> dict[str, list[float]]:
    """Label → y data; lines of single seeds have matplotlib's own labels."""
    return {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}


def test_a_seed_a_row_and_nan_past_its_end(groups: list[Group]) -> None:
    found = over_seeds(groups[0], lambda rows: series(rows, "val_acc"))
    np.testing.assert_array_equal(found, [[50, 60, 70], [30, 40, np.nan]])


def test_the_gap_is_between_the_means(groups: list[Group]) -> None:
    figure = gap_figure(groups)
    assert figure is not None
    drawn = lines(figure.axes[0])
    assert drawn["supernet (batches of the val half)"] == [40, 50, 70]
    assert drawn["its discretised network, shared weights"] == [15, 30, 30]
    assert len(drawn) == 2 + 4  # and a thin line a seed of each


def test_the_table_s_accuracy(groups: list[Group]) -> None:
    figure = table_figure(groups)
    assert figure is not None
    (axes,) = figure.axes
    (mean,) = [data for label, data in lines(axes).items() if "n=2" in label]
    assert mean == [85, 85, 85]
    assert "CIFAR-10 test" in axes.get_ylabel()


def test_bare_edges_are_skip_and_none(groups: list[Group]) -> None:
    (axes,) = bare_figure(groups).axes
    none = groups[0].runs[0].rows[0]["none_count"]
    (mean,) = [data for label, data in lines(axes).items() if "n=2" in label]
    assert mean == [2 + none, 1 + none, none]


def test_runs_without_a_network_or_a_table_have_no_such_figure(
    make_run: MakeRun, tmp_path: Path
) -> None:
    def strip(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            for key in ("val_acc", "net_val_acc_batch", "table"):
                row.pop(key, None)

    make_run("runs/a", rows=strip)
    found = group_runs(load_runs([tmp_path / "runs"]))
    assert gap_figure(found) is None
    assert table_figure(found) is None
