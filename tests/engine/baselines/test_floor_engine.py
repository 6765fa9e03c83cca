"""Floors as runs: look-ups in a table, their record, resumption, and what they refuse."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import every, run, tiny_settings, write_columns

from naslib_edd.cli.commands import main
from naslib_edd.engine import loop
from naslib_edd.engine.baselines import TableSearch
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.report import draw_overview, draw_run, report
from naslib_edd.spaces.nb201.encoding import SIZE, ops_to_str
from naslib_edd.storage.record import read_rows, without_timings
from naslib_edd.tables import Table

FLOORS = ("random_search", "local_search")
VALUES = np.random.default_rng(5).uniform(10, 90, SIZE)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_values(tmp_path / "table.npz", VALUES)


def write_values(path: Path, values: np.ndarray) -> Path:
    return write_columns(path, digits__val=values, digits__test=100 - values)


def floor(out: Path, table: Path, optimizer: str, **search: Any) -> dict[str, Any]:
    settings = tiny_settings(out, optimizer=optimizer, table=str(table))
    settings["search"] = {"epochs": 4, **search}
    return settings


@pytest.mark.search
@pytest.mark.parametrize("optimizer", FLOORS)
def test_a_floor_leaves_its_record(
    tmp_path: Path, table: Path, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*_: Any, **__: Any) -> None:
        raise AssertionError("a floor needs no images and builds no network")

    monkeypatch.setattr(loop, "open_data", no)
    monkeypatch.setattr(loop.Engine, "__init__", no)  # type: ignore[attr-defined]
    result = run(floor(tmp_path, table, optimizer, queries=10))
    rows = read_rows(result.folder / "record.jsonl")
    assert [row["queries"] for row in rows] == [3, 6, 8, 10]
    best = [row["query_val_acc"] for row in rows]
    assert best == sorted(best)
    for row in rows:
        assert row["query_val_acc"] == pytest.approx(VALUES[row["index"]])
        assert row["table"]["datasets"]["digits"]["val"]["value"] == pytest.approx(
            VALUES[row["index"]], abs=1e-4
        )
        assert row["arch_str"] == ops_to_str(row["ops"])
        assert row["skip_count"] == row["ops"].count(1)
        assert row["none_count"] == row["ops"].count(0)
        assert row["steered_by"] == "table"
    final = json.loads((result.folder / "result.json").read_text())
    assert final["index"] == rows[-1]["index"] and final["queries"] == 10
    assert "images" not in final


@pytest.mark.search
@pytest.mark.parametrize("optimizer", FLOORS)
def test_by_default_a_look_up_an_epoch(tmp_path: Path, table: Path, optimizer: str) -> None:
    rows = run(floor(tmp_path, table, optimizer)).rows
    assert [row["queries"] for row in rows] == [1, 2, 3, 4]


@pytest.mark.search
def test_fewer_look_ups_than_epochs(tmp_path: Path, table: Path) -> None:
    rows = run(floor(tmp_path, table, "random_search", queries=2)).rows
    assert [row["queries"] for row in rows] == [1, 2, 2, 2]


@pytest.mark.search
@pytest.mark.parametrize(("optimizer", "stop_at"), every(3, product(FLOORS, [1, 25, 50, 99])))
def test_resumes_bit_for_bit(
    tmp_path: Path, table: Path, optimizer: str, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"queries": 100, "checkpoint_seconds": 0}
    whole = run(floor(tmp_path / "whole", table, optimizer, **settings))
    original, done = TableSearch.run_step, []

    def step(engine: TableSearch) -> None:
        if len(done) == stop_at:
            raise RuntimeError("power cut")
        original(engine)
        done.append(None)

    monkeypatch.setattr(TableSearch, "run_step", step)
    with pytest.raises(RuntimeError, match="power cut"):
        run(floor(tmp_path / "cut", table, optimizer, **settings))
    monkeypatch.undo()
    resumed = run(floor(tmp_path / "cut", table, optimizer, **settings), resume=True)
    assert [without_timings(row) for row in resumed.rows] == [
        without_timings(row) for row in whole.rows
    ]
    assert without_timings(resumed.result) == without_timings(whole.result)
    again = run(floor(tmp_path / "cut", table, optimizer, **settings), resume=True)
    assert len(again.rows) == 4


@pytest.mark.search
def test_seeds_differ_and_a_seed_is_a_run(tmp_path: Path, table: Path) -> None:
    indices = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        settings = floor(tmp_path / name, table, "random_search") | {"seed": seed}
        indices.append([row["index"] for row in run(settings).rows])
    assert indices[0] == indices[1] != indices[2]


@pytest.mark.search
def test_resume_notices_another_table(tmp_path: Path, table: Path) -> None:
    run(floor(tmp_path, table, "local_search"))
    other = write_values(tmp_path / "other.npz", VALUES[::-1])
    with pytest.raises(
        UserError, match="the table's accuracies are not those that the run began with"
    ):
        run(floor(tmp_path, other, "local_search"), resume=True)


def test_unknown_values_are_the_worst(tmp_path: Path) -> None:
    values = np.full(SIZE, np.nan)
    values[::2] = VALUES[::2]
    table = Table.open(write_values(tmp_path / "half.npz", values))
    from naslib_edd.config.loading import load

    config = load({"optimizer": "random_search", "search": {"queries": SIZE, "epochs": 1}})
    engine = TableSearch(config=config, table=table)
    for _ in range(engine.steps):
        engine.run_step()
    assert engine.end_epoch()["index"] == int(np.nanargmax(values))


@pytest.mark.search
@pytest.mark.parametrize("optimizer", FLOORS)
def test_without_a_table_it_says_what_to_do(
    tmp_path: Path, optimizer: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.delenv("NASLIB_EDD_TABLE", raising=False)
    monkeypatch.setattr(loop, "open_table", lambda config: None)
    with pytest.raises(DataMissing, match="table=PATH"):
        run(floor(tmp_path, Path("none"), optimizer) | {"table": None})
    assert not list(tmp_path.iterdir())
    config = tmp_path / "config.yaml"
    config.write_text(f"optimizer: {optimizer}\nout_dir: {tmp_path / 'out'}\n")
    assert main(["search", str(config)]) == 2
    assert "benchmark table" in capsys.readouterr().err


@pytest.mark.search
def test_a_table_of_other_data_is_refused(tmp_path: Path, table: Path) -> None:
    with pytest.raises(UserError, match=r"of cifar10, and .* has none \(it is of digits\)"):
        run(floor(tmp_path, table, "random_search") | {"dataset": "cifar10"})


@pytest.mark.search
@pytest.mark.parametrize("optimizer", FLOORS)
def test_figures_and_report(tmp_path: Path, table: Path, optimizer: str) -> None:
    folder = run(floor(tmp_path, table, optimizer)).folder
    assert {path.stem for path in draw_run(folder)} == {"accuracy", "cell"}
    assert draw_overview(folder).stat().st_size > 10_000
    paths = report([folder], tmp_path / "report")
    assert optimizer in (tmp_path / "report" / "table.md").read_text()
    assert {path.name for path in paths} >= {"table.md", "table.json"}
