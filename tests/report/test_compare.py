import json
import statistics

import matplotlib
import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.report import group_runs, load_runs, report
from naslib_edd.report.group_figures import accuracy_figure, entropy_figure, mean_and_std
from naslib_edd.report.style import line_style

DARTS = {"optimizer": "darts_v1", "dataset": "cifar10"}


def test_report_writes_table_and_figures(make_run, tmp_path):
    for seed in (0, 1):
        make_run(f"runs/edd/{seed}", seed=seed)
        make_run(f"runs/darts/{seed}", seed=seed, config=DARTS)
    before = dict(matplotlib.rcParams)
    paths = report([tmp_path / "runs"], tmp_path / "out", data_note="CIFAR-10 (JPEG)")
    assert dict(matplotlib.rcParams) == before
    tables = ["table.md", "table.json", "table.csv", "table.tex"]
    assert [path.name for path in paths] == [*tables, "fig4a.png", "fig4b.png", "index.html"]
    for path in paths[4:6]:
        content = path.read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) > 15_000
    rows = json.loads(paths[1].read_text("utf-8"))["rows"]
    assert [(row["label"], row["n"]) for row in rows] == [("darts_v1", 2), ("edd_darts", 2)]
    assert {row["reduction"] for row in rows} == {"reduced: 3 epochs, CIFAR-10 (JPEG)"}
    assert len(list((tmp_path / "out").iterdir())) == len(paths)


def test_curves_are_mean_and_sample_std_over_seeds(make_run):
    folders = [make_run(str(seed), seed=seed) for seed in (0, 1, 5)]
    (group,) = group_runs(load_runs(folders))
    mean, std = mean_and_std(group, "entropy")
    for epoch in (1, 2, 3):
        values = [1.6 / epoch + 0.01 * seed for seed in (0, 1, 5)]
        assert mean[epoch - 1] == pytest.approx(statistics.mean(values))
        assert std[epoch - 1] == pytest.approx(statistics.stdev(values))
    (line, _bound) = entropy_figure([group]).axes[0].lines
    np.testing.assert_allclose(line.get_ydata(), mean)
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])


def test_one_seed_has_no_band(make_run):
    (group,) = group_runs(load_runs([make_run("a")]))
    mean, std = mean_and_std(group, "net_val_acc_batch")
    np.testing.assert_array_equal(mean, [31, 32, 33])
    assert np.isnan(std).all()


def test_a_run_that_stopped_early_counts_up_to_its_end(make_run):
    def stop(rows):
        del rows[2:]

    folders = [make_run("a"), make_run("b", seed=1, rows=stop, result={"epochs": 2})]
    (group,) = group_runs(load_runs(folders))
    mean, std = mean_and_std(group, "net_val_acc_batch")
    np.testing.assert_allclose(mean, [31.5, 32.5, 33])
    np.testing.assert_allclose(std, [0.5**0.5, 0.5**0.5, np.nan])


def test_figure_4b_has_a_panel_for_each_kind_of_statistics(make_run):
    def only_batch(rows):
        for row in rows:
            del row["net_val_acc_running"]

    def neither(rows):
        for row in rows:
            del row["net_val_acc_running"], row["net_val_acc_batch"]

    def panels(folder):
        figure = accuracy_figure(group_runs(load_runs([folder])))
        return figure and [axes.get_title() for axes in figure.axes]

    assert len(panels(make_run("both"))) == 2
    (title,) = panels(make_run("batch", rows=only_batch))
    assert "batch statistics" in title
    assert panels(make_run("none", rows=neither)) is None


def legend_and_title(figure):
    names = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return names, figure.get_suptitle()


def test_how_runs_were_reduced_is_always_on_the_figure(make_run):
    long, short = make_run("long"), make_run("short", epochs=2, config=DARTS)
    alike = entropy_figure(group_runs(load_runs([long])))
    assert legend_and_title(alike) == (["edd_darts (n=1)"], "reduced: 3 epochs")
    mixed = entropy_figure(group_runs(load_runs([long, short])))
    names = ["edd_darts, reduced: 3 epochs (n=1)", "darts_v1, reduced: 2 epochs (n=1)"]
    assert legend_and_title(mixed) == (names, "")


def test_a_floor_without_a_supernet_has_no_line_and_no_name(make_run):
    def nothing(rows):
        for row in rows:
            row["entropy"] = None

    floor = {"optimizer": "random_search", "dataset": "cifar10"}
    runs = [make_run("ours"), make_run("floor", rows=nothing, config=floor)]
    groups = group_runs(load_runs(runs))
    assert len(groups) == 2
    figure = entropy_figure(groups)
    names, _ = legend_and_title(figure)
    assert names == ["edd_darts (n=1)"]


def test_short_names_stand_side_by_side_below_the_axes(make_run):
    names = ["gdas", "darts_v1", "drnas", "beta_darts"]
    runs = [make_run(name, config={"optimizer": name}) for name in names]
    figure = entropy_figure(group_runs([run for at in runs for run in load_runs([at])]))
    figure.draw_without_rendering()
    (legend,) = figure.legends
    box, page = legend.get_window_extent(), figure.bbox
    assert len({round(text.get_window_extent().y0) for text in legend.get_texts()}) < len(names)
    assert page.x0 <= box.x0 and box.x1 <= page.x1


def test_the_best_mean_comes_first(make_run, tmp_path):
    for name, value in (("gdas", 40.0), ("drnas", 60.0)):
        accuracies = dict.fromkeys(("cifar10", "cifar100", "imagenet16_120"), (50.0, value))
        make_run(f"runs/{name}", config={"optimizer": name}, accuracies=accuracies)
    text = report([tmp_path / "runs"], tmp_path / "out")[0].read_text()
    assert text.index("\n| drnas |") < text.index("\n| gdas |")


def test_unfinished_runs_are_left_out_and_told(make_run, tmp_path):
    make_run("runs/0")
    make_run("runs/1", seed=1, epochs=2, finished=False)
    markdown, values, *_ = report([tmp_path / "runs"], tmp_path / "out")
    assert "Left out, unfinished: edd_darts, seed 1 (epoch 2)." in markdown.read_text("utf-8")
    found = json.loads(values.read_text("utf-8"))
    assert found["rows"][0]["n"] == 1 and len(found["unfinished"]) == 1


def test_nothing_finished_is_an_error_and_writes_nothing(make_run, tmp_path):
    make_run("runs/0", finished=False)
    with pytest.raises(UserError, match="none of the 1 runs is finished"):
        report([tmp_path / "runs"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_eighteen_lines_look_different():
    assert len({line_style(number) for number in range(18)}) == 18
