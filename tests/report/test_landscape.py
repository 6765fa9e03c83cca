"""The page of every cell: its numbers are the table's, and hands and keys reach each of them."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest
from browser import ask, screenshot
from helpers import write_columns

from naslib_edd.cli.commands import main
from naslib_edd.errors import UserError
from naslib_edd.report.landscape import as_script, draw_landscape
from naslib_edd.spaces.nb201.encoding import SIZE, all_ops, index_to_ops, ops_to_str
from naslib_edd.tables import Table


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Of the built-in NAS-Bench-201 table."""
    out = tmp_path_factory.mktemp("page") / "page.html"
    assert main(["table", "explore", "nb201", "--out", str(out)]) == 0
    return out


def data_of(page):
    text = page.read_text("utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def numbers(column):
    return np.frombuffer(base64.b64decode(column["data"]), "<f4")


def test_it_holds_the_tables_columns_and_is_small(page):
    assert page.stat().st_size < 3e6
    data, table = data_of(page), Table.open("nb201")
    by_label = {column["label"]: numbers(column) for column in data["columns"]}
    for label, wanted in (
        ("CIFAR-10 test, %", table.accuracy("cifar10", "test")),
        ("IN16-120 val, %", table.accuracy("imagenet16_120", "val")),
        ("CIFAR-100 test after 12 epochs, %", table.at(12).accuracy("cifar100", "test")),
        ("multiply-adds, millions", table.cost("cifar10", "flops_M")),
        ("training time, s", table.cost("cifar10", "train_time_s")),
    ):
        np.testing.assert_array_equal(by_label[label], wanted.astype("f4"))
    ops = np.frombuffer(base64.b64decode(data["ops"]), "u1").reshape(SIZE, 6)
    np.testing.assert_array_equal(ops, all_ops())
    assert data["columns"][data["y"]]["label"] == "CIFAR-10 test, %"
    assert data["columns"][data["x"]]["label"] == "multiply-adds, millions"


def test_another_data_set_first_and_paths_of_runs(make_run, tmp_path):
    def walk(rows):
        for row, index in zip(rows, (5, 5, 9), strict=True):
            row["index"] = index

    make_run("runs/a", rows=walk)
    out = tmp_path / "x.html"
    command = ["table", "explore", "nb201", "--out", str(out), "--dataset", "cifar100"]
    assert main([*command, "--runs", str(tmp_path / "runs")]) == 0
    data = data_of(out)
    assert data["columns"][data["y"]]["label"] == "CIFAR-100 test, %"
    assert [(path["label"], path["cells"]) for path in data["paths"]] == [
        ("edd_darts, seed 0", [5, 9])
    ]


def test_a_table_without_costs_has_its_validation_across(tmp_path):
    out = draw_landscape(Table.open("digits"), tmp_path / "d.html")
    data = data_of(out)
    assert [data["columns"][data[axis]]["label"] for axis in "yx"] == [
        "NB201-Digits test, %", "NB201-Digits val, %"
    ]  # fmt: skip


def test_values_that_are_not_known_stay_so(tmp_path):
    accuracy = np.full(SIZE, 50.0)
    accuracy[7] = np.nan
    path = write_columns(tmp_path / "t.npz", cifar10__test=accuracy)
    data = data_of(draw_landscape(Table.open(path), tmp_path / "x.html"))
    assert np.isnan(numbers(data["columns"][data["y"]])[7])


def test_other_suffixes_and_data_sets_are_refused(tmp_path, capsys):
    with pytest.raises(UserError, match=r"ends in \.html"):
        draw_landscape(Table.open("digits"), tmp_path / "x.png")
    out = str(tmp_path / "x.html")
    assert main(["table", "explore", "digits", "--out", out, "--dataset", "cifar10"]) == 2
    assert "cifar10" in capsys.readouterr().err


def test_a_damaged_index_is_refused(make_run, tmp_path):
    make_run("runs/a", rows=lambda rows: rows[1].update(index=99_999))
    with pytest.raises(UserError, match="outside 0 to 15624"):
        draw_landscape(Table.open("digits"), tmp_path / "x.html", runs=[tmp_path / "runs"])


def test_json_ends_no_script():
    evil = "</script><!-- \u2028 &amp;"
    assert "<" not in as_script([evil]) and json.loads(as_script([evil])) == [evil]


def best_index():
    return int(Table.open("nb201").accuracy("cifar10", "test").argmax())


def test_by_keys_by_filter_and_by_name(page):
    arch = ops_to_str(index_to_ops(138))
    script = f"""(() => {{
      const over = document.getElementById("over"), cell = document.getElementById("cell");
      const key = (name) => over.dispatchEvent(new KeyboardEvent("keydown", {{key: name}}));
      const index = () => (cell.textContent.match(/index (\\d+)/) || [])[1];
      key("Home"); const best = index();
      key("ArrowDown"); const below = index(); key("ArrowUp"); const back = index();
      key("+"); key("-"); key("0"); key("Escape"); const none = index() || "none";
      const find = document.getElementById("find");
      find.value = "{arch}"; find.dispatchEvent(new Event("change"));
      const named = [index(), cell.querySelector("code").textContent];
      find.value = "99999"; find.dispatchEvent(new Event("change"));
      const missing = cell.textContent;
      document.querySelectorAll("#filters button")[3].click();
      return {{best, below, back, none, named, missing,
        count: document.getElementById("count").textContent}};
    }})()"""
    told = json.loads(ask(page, script, width=390))
    assert told["wide"] == 390
    found = told["found"]
    assert found["best"] == found["back"] == str(best_index())
    assert found["below"] != found["best"] and found["none"] == "none"
    assert found["named"] == ["138", arch] and found["missing"] == "No such cell."
    assert found["count"] == "12,500 of 15,625 cells"


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_draws_the_points(page, tmp_path, width, dark):
    image = screenshot(page, tmp_path / "shot.png", width=width, dark=dark, height=800)
    stage = image[250:450, 70 : 300 if width < 600 else 850]
    coloured = stage.max(axis=2) - stage.min(axis=2) > 0.2
    assert 0.01 < coloured.mean() < 0.6
