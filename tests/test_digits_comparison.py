"""The comparison of searches on digits with random search, from runs with known ends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from digits_comparison import main
from helpers import run, tiny_settings

from naslib_edd.tabular import Table
from naslib_edd.tabular.random_search import expected

ROOT = Path(__file__).resolve().parents[1]


def test_rows_are_counted_from_the_table(tmp_path: Path) -> None:
    finals = [run(tiny_settings(tmp_path, seed=seed, name="ours")).index for seed in (0, 1)]
    assert main([str(tmp_path)]) == 0
    found = json.loads((tmp_path / "table.json").read_text())
    ours, random_search = found["rows"]
    table = Table.open("digits")
    val, test = (table.column(f"digits__{split}").astype(float) for split in ("val", "test"))
    assert (ours["name"], ours["runs"]) == ("ours", 2)
    assert ours["test"]["mean"] == pytest.approx(test[finals].mean())
    assert ours["test"]["std"] == pytest.approx(test[finals].std(ddof=1))
    ranks = [1 + int((test > test[final]).sum()) for final in finals]
    assert ours["test_rank"]["mean"] == pytest.approx(np.mean(ranks))
    assert found["lookups"] == 3  # as many as epochs
    chance = expected(val, test, 3)
    assert random_search["test"]["mean"] == pytest.approx(chance.test)
    assert random_search["test_regret"]["mean"] == pytest.approx(chance.test_regret)
    text = (tmp_path / "table.md").read_text()
    assert f"| ours | 2 | {val[finals].mean():.2f} ± " in text


def test_runs_of_unequal_lengths_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tiny_settings(tmp_path, name="long"))
    run(tiny_settings(tmp_path, name="short", search={"epochs": 2}))
    assert main([str(tmp_path)]) == 2
    assert "one number of epochs" in capsys.readouterr().err


def test_the_committed_comparison_is_of_the_committed_runs_and_table(tmp_path: Path) -> None:
    """A table that was built anew, or permuted, needs its comparison anew."""
    folder = ROOT / "benchmarks" / "results" / "digits"
    for path in folder.rglob("*"):
        if path.name in ("record.jsonl", "result.json", "config.yaml"):
            copy = tmp_path / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    assert main([str(tmp_path)]) == 0
    assert (tmp_path / "table.md").read_text() == (folder / "table.md").read_text()
    found = json.loads((tmp_path / "table.json").read_text())
    assert {row["name"]: row["runs"] for row in found["rows"]} == {
        "darts_v1": 10,
        "edd_darts": 10,
        "random search, 20 look-ups": None,
    }
