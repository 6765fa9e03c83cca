import struct

import pytest
from matplotlib.figure import Figure

from naslib_edd.errors import UserError
from naslib_edd.report import draw_overview, draw_run
from naslib_edd.report.panels import draw_table_accuracy
from naslib_edd.storage.record import read_rows

ACCURACIES = {"cifar10": (80.0, 90.0), "cifar100": (60.0, 61.0), "imagenet16_120": (30.0, 31.0)}


def png_size(path):
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert content[-8:-4] == b"IEND"
    assert len(content) > 10_000
    return struct.unpack(">II", content[16:24])


def test_draw_run_writes_four_pictures(make_run):
    folder = make_run("run", accuracies=ACCURACIES)
    paths = draw_run(folder)
    assert [path.stem for path in paths] == ["temperature", "accuracy", "beta", "cell"]
    assert all(png_size(path)[0] >= 800 for path in paths)
    assert sorted((folder / "figures").iterdir()) == sorted(paths)  # no temporary file is left


def test_a_run_of_one_unfinished_epoch_without_a_table_is_drawn(make_run):
    def thin(rows):
        for key in ("d", "train_acc", "net_val_acc_batch"):
            rows[0][key] = None

    paths = draw_run(make_run("run", epochs=1, finished=False, rows=thin))
    sizes = {path.stem: png_size(path) for path in paths}
    assert len(sizes) == 4
    assert sizes["accuracy"] == (810, 630)  # one panel; the table would add a second


def test_overview_is_one_wide_picture(make_run, tmp_path):
    folder = make_run("run", accuracies=ACCURACIES)
    assert draw_overview(folder) == folder / "figures" / "overview.png"
    assert png_size(folder / "figures" / "overview.png") == (1800, 540)
    given = draw_overview(folder, tmp_path / "docs" / "wide.png")
    assert given.read_bytes() == (folder / "figures" / "overview.png").read_bytes()


def test_a_folder_without_a_record_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot read the record"):
        draw_run(tmp_path)


def test_nothing_is_written_of_a_damaged_run(make_run):
    folder = make_run("run", rows=lambda rows: rows[1].update(logits=[[0.0]]))
    with pytest.raises(UserError, match="line 2"):
        draw_run(folder)
    assert not (folder / "figures").exists()


def test_the_built_in_tables_accuracies_are_drawn(make_run):
    folder = make_run("run", config={"dataset": "digits"}, accuracies={"digits": (60.0, 61.0)})
    axes = Figure().subplots()
    draw_table_accuracy(axes, read_rows(folder / "record.jsonl"))
    drawn = {line.get_label(): set(line.get_ydata()) for line in axes.get_lines()}
    assert drawn == {"NB201-Digits test": {61.0}, "NB201-Digits val": {60.0}}
