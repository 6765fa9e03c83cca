"""Searches with stages on NASLib's graph, through our runner: to their end, and after a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from naslib_edd.errors import UserError
from naslib_edd.plugin.runner import run
from naslib_edd.storage.record import read_rows, without_timings

pytestmark = pytest.mark.naslib


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    values = {
        "search_space": "nasbench201",
        "dataset": "digits",
        "seed": 1,
        "out_dir": str(tmp_path / "runs"),
        "threads": 1,
        "search": {"epochs": 1, "batch_size": 4, "limit_train": 4, "limit_val": 4},
    }
    path.write_text(yaml.safe_dump(values))
    return path


def quiet(config: Path, *overrides: str, **options: Any) -> dict[str, Any]:
    return run(config, overrides, console=Console(quiet=True), **options)


@pytest.mark.search
@pytest.mark.slow
def test_a_resume_inside_the_selection_is_bit_for_bit(config: Path) -> None:
    """PT adds six epochs, before each of which it decides an edge."""
    method = "optimizer=darts_pt", "search.pt_criterion=loss"
    result = quiet(config, *method)
    folder = config.parent / "runs/nasbench201/digits/darts_pt/1"
    rows = [without_timings(row) for row in read_rows(folder / "record.jsonl")]
    assert result["epochs"] == len(rows) == 7
    assert result["ops"] == rows[-1]["decided"] and -1 not in result["ops"]
    assert sum(op < 0 for op in rows[3]["decided"]) == 3
    (folder / "search/last_checkpoint").write_text("model_0000003.pth")
    again = quiet(config, *method, resume=True)
    assert [without_timings(row) for row in read_rows(folder / "record.jsonl")] == rows
    assert again["final"] == result["final"]


@pytest.mark.search
@pytest.mark.slow
def test_a_search_that_stops_early_has_ended(config: Path) -> None:
    search = "optimizer=darts_es", "search.epochs=5", "search.es_interval=1", "search.es_window=1"
    search += ("search.es_start=1", "search.es_delta=1", "search.es_factor=0.01")
    result = quiet(config, *search)
    folder = config.parent / "runs/nasbench201/digits/darts_es/1"
    rows = read_rows(folder / "record.jsonl")
    assert result["epochs"] == len(rows) < 5 and "stop_epoch" in rows[-1]
    again = quiet(config, *search, resume=True)
    assert again["epochs"] == len(rows) and again["arch_str"] == result["arch_str"]


@pytest.mark.search
def test_random_search_with_weight_sharing(config: Path) -> None:
    result = quiet(config, "optimizer=rs_ws", "search.best_of=3", "search.best_of_before=2")
    folder = config.parent / "runs/nasbench201/digits/rs_ws/1"
    (row,) = read_rows(folder / "record.jsonl")
    assert row["candidates"] == 3 and 0 <= row["candidate_acc"] <= 100
    assert row["forward_norm"] is None  # no logit step was taken
    assert result["images"]["test"] == 4


@pytest.mark.search
def test_what_the_graph_cannot_follow_is_refused(config: Path) -> None:
    with pytest.raises(UserError, match="does not run on NASLib"):
        quiet(config, "optimizer=drnas_progressive", "search.epochs=4")
    with pytest.raises(UserError, match="need the fast supernet"):
        quiet(config, "optimizer=darts_pt", "search.supernet=naslib")
