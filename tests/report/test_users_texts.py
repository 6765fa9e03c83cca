"""Names of users in figures and tables, their paths, and the formats they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import every
from matplotlib.figure import Figure

from naslib_edd.errors import UserError
from naslib_edd.report import draw_overview, draw_run, load_runs, report
from naslib_edd.report.paper_figures import draw_paper_figure
from naslib_edd.report.style import shown
from naslib_edd.spaces.nb201.drawing import draw_cell

BEGINS = {".png": b"\x89PNG", ".pdf": b"%PDF-", ".svg": b"<?xml"}
NAMES = (r"$\frac$ a|b <script>x</script>", "n" * 3000, "`x`\n\x1b[31m*y*")


def named(make_run: Any, name: str) -> Path:
    """A run whose config.yaml was given this name by hand."""
    folder: Path = make_run("runs/a")
    config = yaml.safe_load((folder / "config.yaml").read_text("utf-8"))
    (folder / "config.yaml").write_text(yaml.safe_dump({**config, "name": name}), "utf-8")
    return folder


@pytest.mark.parametrize("name", every(2, NAMES), ids=["tags", "long", "escapes"])
def test_any_name_can_be_drawn_and_reported(make_run: Any, tmp_path: Path, name: str) -> None:
    folder = named(make_run, name)
    assert draw_overview(folder).exists()
    table = report(folder, tmp_path / "out")[0].read_text("utf-8")
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert "<script>" not in table and "\x1b" not in table
    assert {line.replace(r"\|", "").count("|") for line in rows} == {rows[0].count("|")}
    assert len(rows) == 4  # header, rule, ours, the paper's


def test_dollars_are_drawn_as_they_are() -> None:
    figure = Figure()
    text = figure.suptitle(shown(r"$\frac$ and $"))
    assert text._preprocess_math(text.get_text()) == (r"$\frac$ and $", False)  # type: ignore[attr-defined]


@pytest.mark.parametrize("suffix", BEGINS)
def test_the_suffix_decides_the_format(make_run: Any, tmp_path: Path, suffix: str) -> None:
    run = make_run("runs/a")
    for path in (
        draw_paper_figure("3", tmp_path / f"x{suffix}"),
        draw_paper_figure("4a", tmp_path / f"y{suffix.upper()}", folders=str(run)),
        draw_overview(run, tmp_path / f"z{suffix}"),
    ):
        assert path.read_bytes().startswith(BEGINS[suffix])
    again = draw_paper_figure("3", tmp_path / f"again{suffix}")
    assert again.read_bytes() == (tmp_path / f"x{suffix}").read_bytes()


@pytest.mark.parametrize("name", ["x.jpeg", "x", ".png", "x.pdf.txt"])
def test_another_suffix_is_refused_before_anything_is_drawn(
    make_run: Any, tmp_path: Path, name: str
) -> None:
    run = make_run("runs/a")
    for draw in (
        lambda path: draw_paper_figure("3", path),
        lambda path: draw_overview(run, path),
    ):
        with pytest.raises(UserError, match=r"ends in \.png or \.pdf or \.svg"):
            draw(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_one_folder_is_taken_as_well_as_many(
    make_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("runs/a")
    monkeypatch.chdir(tmp_path)
    assert load_runs("runs") == load_runs(Path("runs")) == load_runs(["runs"]) != []
    assert [path.name for path in report("runs", "out")][:2] == ["table.md", "table.json"]
    assert len(draw_run(str(run))) == 4
    for give in (load_runs, draw_run, draw_overview, lambda path: report(path, "out")):
        with pytest.raises(UserError, match="there is no folder p;"):
            give("p")


def test_a_cell_is_drawn_of_any_form() -> None:
    axes = Figure().subplots()
    draw_cell(axes, "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|")
    draw_cell(axes, 6111)
    with pytest.raises(UserError, match="1 nodes where NB201 has 3"):
        draw_cell(axes, "|…|")


def test_columns_follow_the_records(make_run: Any, tmp_path: Path) -> None:
    digits = {"optimizer": "edd_darts", "dataset": "digits"}
    make_run("d/a", config=digits, accuracies={"digits": (91.0, 92.5)}, rank=7)
    header, _, ours = (
        report(tmp_path / "d", tmp_path / "out")[0].read_text("utf-8").split("\n")[2:5]
    )
    cells = dict(zip(*(map(str.strip, line.split("|")) for line in (header, ours)), strict=True))
    assert {"digits val", "digits test", "digits test rank"} < cells.keys()
    assert "C10 val" not in cells
    assert cells["digits val"] == "91.00 ± –" and cells["digits test rank"] == "7"
    # Beside a run on CIFAR-10 all columns are there, each row with its own.
    make_run("d/b", accuracies={"cifar10": (80.0, 81.0)}, rank=9)
    text = report(tmp_path / "d", tmp_path / "out")[0].read_text("utf-8")
    assert "| C10 test rank | digits test rank |" in text
    assert "| 91.00 ± – | 92.50 ± – | – | 7 |" in text


def test_without_a_table_the_network_s_accuracies_are_told(make_run: Any, tmp_path: Path) -> None:
    config = {"optimizer": "edd_darts", "dataset": "svhn"}
    make_run("s/a", config=config, result={"net_val_acc_batch": 61.0, "net_test_acc_batch": 60.0})
    text = report(tmp_path / "s", tmp_path / "out")[0].read_text("utf-8")
    assert "| net val (batch) | net test (batch) |" in text
    assert "| 61.00 ± – | 60.00 ± – |" in text
    assert "No record has a table's accuracies" in text
