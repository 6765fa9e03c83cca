"""benchmarks/paper_tables.py: a table in pieces under a budget, and figures without a search."""

from __future__ import annotations

import sys
from pathlib import Path

import paper_tables
import pytest
import yaml

from naslib_edd.config.loading import load
from naslib_edd.sweep.plan import read

TINY = [
    "dataset=digits", "search.channels=2", "search.cells=1", "search.epochs=2",
    "search.batch_size=16", "search.limit_train=96", "search.limit_val=96", "threads=1",
    "search.edd_lambda=0.06",
]  # fmt: skip


@pytest.mark.parametrize("name", paper_tables.NAMES)
def test_every_table_has_its_sweeps(name: str, tmp_path: Path) -> None:
    on_darts = name in paper_tables.DARTS
    reduced = paper_tables.REDUCED_DARTS if on_darts else paper_tables.REDUCED
    files = paper_tables.plan(name, tmp_path, settings=reduced, keys={"seeds": 1})
    tasks = [task for file in files for task in read(file).tasks()]
    assert {task.epochs for task in tasks} == {10}
    for task in tasks:  # the logits do not rest all the time
        search = load(task.config, task.overrides).search
        assert search.arch_warmup_epochs < search.epochs
    assert len({task.folder for task in tasks}) == len(tasks)
    assert all(str(task.folder).startswith(str(tmp_path)) for task in tasks)


def test_without_time_everything_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["x", "table_7", "--minutes", "0", "--out", str(tmp_path), "--seeds", "1"]
    monkeypatch.setattr(sys, "argv", arguments)
    assert paper_tables.main() == paper_tables.LEFT
    assert "0 of 4 runs finished" in capsys.readouterr().out
    assert yaml.safe_load((tmp_path / "table_7.yaml").read_text())["seeds"] == 1


@pytest.mark.slow
def test_a_table_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["x", "table_5", "--out", str(tmp_path), "--seeds", "1", "--set", *TINY]
    codes = []
    for minutes in ("0.1", "10"):
        monkeypatch.setattr(sys, "argv", [*arguments, "--minutes", minutes])
        codes.append(paper_tables.main())
    assert codes[-1] == 0 and codes[0] in (0, paper_tables.LEFT)
    assert "3 of 3 runs finished" in capsys.readouterr().out
    assert (tmp_path / "index.html").exists()


def test_a_figure_of_the_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "3", "--out", str(tmp_path)])
    assert paper_tables.main() == 0
    assert (tmp_path / "figure_3.svg").stat().st_size > 1000
    monkeypatch.setattr(sys, "argv", ["x", "table_1", "--out", str(tmp_path), "--set", "a"])
    assert paper_tables.main() == 2
    assert "no key=value" in capsys.readouterr().err
