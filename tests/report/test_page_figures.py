"""The page's own figures: what is drawn is what the records say."""

from __future__ import annotations

import numpy as np
import pytest

from naslib_edd.report import group_runs, load_runs
from naslib_edd.report.comparison import compare_groups
from naslib_edd.report.inline import inline_svg, page_style
from naslib_edd.report.page_figures import (
    ablation_figure,
    cost_figure,
    regret_figure,
    temperature_figure,
)
from naslib_edd.report.style import new_figure


def groups(tmp_path):
    return group_runs(load_runs([tmp_path / "runs"]))


def test_temperatures(make_run, tmp_path):
    make_run("runs/a")
    figure = temperature_figure(groups(tmp_path))
    assert figure is not None
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [0.1, 0.01, 0.001])


def test_regret_over_seconds_is_the_mean_of_steps(make_run, tmp_path):
    def regrets(values):
        def change(rows):
            for row, value in zip(rows, values, strict=True):
                row["table"] = {"datasets": {"cifar10": {"test": {"regret": value}}}}

        return change

    make_run("runs/0", rows=regrets([8.0, 4.0, 1.0]), seconds=3.0)
    make_run("runs/1", seed=1, rows=regrets([6.0, 6.0, 3.0]), seconds=3.0)
    figure = regret_figure(groups(tmp_path), "cifar10")
    assert figure is not None
    seconds, lookups = figure.axes
    line = seconds.lines[0]
    assert line.get_xdata()[0] == pytest.approx(1) and line.get_xdata()[-1] == pytest.approx(3)
    assert sorted(set(line.get_ydata())) == [2, 5, 7]
    assert list(lookups.lines[0].get_ydata()) == [2]
    assert regret_figure(groups(tmp_path), "digits") is None


def test_lookups_of_a_floor(make_run, tmp_path):
    def asked(rows):
        for place, row in enumerate(rows):
            row["queries"] = 10 * (place + 1)
            row["table"] = {"datasets": {"cifar10": {"test": {"regret": 5.0 - place}}}}

    make_run("runs/0", rows=asked, config={"optimizer": "random_search", "dataset": "cifar10"})
    figure = regret_figure(groups(tmp_path), "cifar10")
    assert figure is not None
    (line,) = figure.axes[1].lines
    assert list(line.get_xdata()) == [10, 20, 30] and list(line.get_ydata()) == [5, 4, 3]
    assert len(figure.axes[0].lines) == 0


def test_the_front_of_the_cells_found(make_run, tmp_path):
    for seed, (cost, value) in enumerate([(10, 90.0), (20, 80.0), (30, 95.0)]):
        sets = {"cifar10": {"test": {"value": value, "rank": 1}, "flops_M": cost}}
        make_run(f"runs/{seed}", seed=seed, result={"table": {"datasets": sets}})
    figure = cost_figure(groups(tmp_path), "cifar10", "flops_M", "FLOPs")
    assert figure is not None
    (front,) = figure.axes[0].lines
    assert list(front.get_xdata()) == [10, 30] and list(front.get_ydata()) == [90, 95]
    assert cost_figure(groups(tmp_path), "cifar10", "params_M", "M") is None


def test_two_settings_make_a_grid(make_run, tmp_path):
    for rho in (0.25, 0.5):
        for value in (0.06, 0.12, 0.24):
            config = {"optimizer": "edd_darts", "dataset": "cifar10",
                      "search": {"edd_lambda": value, "edd_rho": rho}}  # fmt: skip
            make_run(
                f"runs/{rho}_{value}",
                config=config,
                accuracies={"cifar10": (1.0, 100 * value + rho)},
            )
    made = groups(tmp_path)
    figure = ablation_figure(made, compare_groups(made))
    assert figure is not None
    shown = np.sort(np.asarray(figure.axes[0].images[0].get_array()).ravel())
    wanted = [100 * value + rho for value in (0.06, 0.12, 0.24) for rho in (0.25, 0.5)]
    np.testing.assert_allclose(shown, np.sort(wanted))
    one = [group for group in made if group.settings.get("edd_rho", 0.5) == 0.5]
    assert ablation_figure(one, compare_groups(one)) is None


def test_svg_takes_the_pages_ink_and_keeps_texts_as_they_are():
    with page_style():
        figure = new_figure(3, 2)
        axes = figure.subplots()
        axes.plot([1, 2], [3, 4], color="black")
        axes.set_title("#010203 <b>")
        svg = inline_svg(figure, "one", label='a "b"')
    assert "currentColor" in svg and "var(--grid)" in svg and "&lt;b&gt;" in svg
    assert "#010203 &lt;b&gt;" in svg
    assert "#000000" not in svg and 'aria-label="a &#34;b&#34;"' in svg
    assert svg.startswith("<svg") and "<metadata>" not in svg
