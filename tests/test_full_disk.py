"""A disk that is full at any of its writes: one line, exit 2, and then room is enough."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import FOLDER, power_cut, rows_of, run, tiny_settings

HERE = Path(__file__)
MODES = ("size", "open")
Full = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def full(tmp_path: Path) -> Full:
    """What became of a command at each of its writes, and of the one after it."""

    def tried(
        mode: str,
        first: list[str],
        again: list[str],
        *,
        template: Path | None = None,
    ) -> list[dict[str, Any]]:
        root = tmp_path / f"full_{mode}"
        root.mkdir()
        asked: dict[str, Any] = {"first": first, "again": again, "mode": mode, "root": str(root)}
        asked["template"] = None if template is None else str(template)
        process = subprocess.run(
            [sys.executable, str(HERE.with_name("full_disk.py")), json.dumps(asked)],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parents[1])},
        )
        assert process.returncode == 0, process.stderr
        found = [json.loads(line) for line in process.stdout.splitlines()]
        for case in found:
            told = f"{case['number']}: {case['at']}: {case['told']}"
            assert case["code"] == 2, told
            last = case["told"].splitlines()[-1]
            assert last.startswith("naslib-edd: cannot ") and "Traceback" not in case["told"], told
            assert case["told"].count("naslib-edd: ") == 1, told
            assert case["again"] == 0, f"{told} then {case['told_again']}"
        return found

    return tried


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    settings = tiny_settings(tmp_path / "runs", search={"epochs": 2, "limit_train": 48})
    path.write_text(yaml.safe_dump(settings))
    return path


def check_records(root: Path, expected: Any, cases: list[dict[str, Any]]) -> None:
    for case in cases:
        folder = root / str(case["number"]) / FOLDER
        assert rows_of(folder) == expected, case["at"]
        assert not list(folder.glob(".*")), case["at"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_floor(full: Full, tmp_path: Path) -> None:
    """Random search: every file of a run, in moments."""
    settings = {"optimizer": "random_search", "dataset": "digits", "search": {"epochs": 2}}
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(settings))
    first = ["search", str(config), "out_dir={out}", "--no-figures"]
    cases = full("size", first, [*first, "--resume"])
    names = " ".join(case["at"] for case in cases)
    for name in ("run.lock", ".config.yaml", "record.jsonl", ".checkpoint.pt", ".result.json"):
        assert f"/{name}" in names
    records = [rows_of(path.parent) for path in tmp_path.glob("full_size/**/record.jsonl")]
    assert len(records) == len(cases) + 1
    assert all(rows == records[0] for rows in records)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.timeout(600)
def test_a_search(mode: str, full: Full, config: Path, tmp_path: Path) -> None:
    """Lock, config, each line of the record, each checkpoint, the one before, the result."""
    expected = rows_of(run(yaml.safe_load(config.read_text())).folder)
    first = ["search", str(config), "out_dir={out}", "--no-figures"]
    cases = full(mode, first, [*first, "--resume"])
    names = " ".join(case["at"] for case in cases)
    for name in ("run.lock", ".config.yaml", "record.jsonl", ".checkpoint.pt", ".result.json"):
        assert f"/{name}" in names
    check_records(tmp_path / f"full_{mode}", expected, cases)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.timeout(900)
def test_a_resumed_search(mode: str, full: Full, config: Path, tmp_path: Path) -> None:
    """Of another place, so that its config is written anew; its record has a torn line to cut."""
    settings = yaml.safe_load(config.read_text())
    expected = rows_of(run({**settings, "out_dir": str(tmp_path / "whole")}).folder)
    with power_cut(epoch=1, step=1):
        run(settings)
    with (tmp_path / "runs" / FOLDER / "record.jsonl").open("a") as file:
        file.write('{"epoch": 2')
    first = ["search", str(config), "out_dir={out}", "--no-figures", "--resume"]
    cases = full(mode, first, first, template=tmp_path / "runs")
    names = {part for case in cases for part in Path(case["at"]).name.split(".")}
    assert {"config", "record", "jsonl", "checkpoint", "result"} <= names
    check_records(tmp_path / f"full_{mode}", expected, cases)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.timeout(1800)
def test_the_figures_of_a_search_and_a_report(
    mode: str, full: Full, config: Path, tmp_path: Path
) -> None:
    run(yaml.safe_load(config.read_text()))
    report = ["report", str(tmp_path / "runs"), "--out", "{out}"]
    cases = full(mode, report, report)
    assert any("table" in case["at"] for case in cases)
    assert any(case["at"].split("/")[-1].startswith(".") for case in cases)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.timeout(1800)
def test_a_sweep(mode: str, full: Full, config: Path, tmp_path: Path) -> None:
    """Its own files; the searches are processes of their own, and find the disk full, too."""
    path = tmp_path / "sweep.yaml"
    keys = {"config": str(config), "seeds": [0], "retries": 0, "jobs": 1, "out_dir": "out"}
    path.write_text(yaml.safe_dump(keys))
    cases = full(mode, ["sweep", str(path)], ["sweep", str(path)])
    assert {"out/.sweep.lock", "out/table.md"} <= {
        re.sub(r"/\.(table\.md)\..*", r"/\1", case["at"]) for case in cases
    }
