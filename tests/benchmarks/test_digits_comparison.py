"""The comparison of searches on digits with random search, from runs with known ends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from digits_comparison import main
from helpers import run, tiny_settings

from naslib_edd.config.methods import CARDS, published
from naslib_edd.tables import Table
from naslib_edd.tables.random_search import expected

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.search
def test_rows_are_counted_from_the_table(tmp_path: Path) -> None:
    finals = [run(tiny_settings(tmp_path, seed=seed, name="ours")).index for seed in (0, 1)]
    assert main([str(tmp_path)]) == 0
    found = json.loads((tmp_path / "table.json").read_text())
    rows = {row["name"]: row for row in found["rows"]}
    ours, random_search = rows["ours"], rows["random search, 3 look-ups"]
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
    regrets = test.max() - test[finals]
    assert f"| ours | 2 | 3 × {ours['steps']} | {regrets.mean():.2f} ± " in text
    assert [row["test_regret"]["mean"] for row in found["rows"]] == sorted(
        row["test_regret"]["mean"] for row in found["rows"]
    )


@pytest.mark.search
def test_runs_of_one_name_and_unequal_lengths_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tiny_settings(tmp_path, name="ours"))
    run(tiny_settings(tmp_path, seed=1, name="ours", search={"epochs": 2}))
    assert main([str(tmp_path)]) == 2
    assert "unequal budgets" in capsys.readouterr().err


@pytest.mark.search
def test_a_floor_and_a_longer_search_have_rows_of_their_own(tmp_path: Path) -> None:
    run(tiny_settings(tmp_path, name="ours"))
    run(tiny_settings(tmp_path, seed=1, name="ours"))
    run(tiny_settings(tmp_path, name="longer", search={"epochs": 4}))
    run(tiny_settings(tmp_path, name="floor", optimizer="random_search"))
    assert main([str(tmp_path)]) == 0
    found = json.loads((tmp_path / "table.json").read_text())
    budgets = {row["name"]: (row["epochs"], row["steps"]) for row in found["rows"] if row["runs"]}
    assert found["lookups"] == 3
    assert budgets["floor"] == ([3, 3], None)
    assert budgets["longer"] == ([4, 4], budgets["ours"][1])


def test_the_committed_comparison_is_of_the_committed_runs_and_table(tmp_path: Path) -> None:
    """A table that was built anew, or permuted, needs its comparison anew."""
    folder = ROOT / "benchmarks" / "results" / "digits_methods"
    for path in folder.rglob("*"):
        if path.name in ("record.jsonl", "result.json", "config.yaml"):
            copy = tmp_path / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    assert main([str(tmp_path)]) == 0
    assert (tmp_path / "table.md").read_text() == (folder / "table.md").read_text()
    found = json.loads((tmp_path / "table.json").read_text())
    runs = {row["name"]: row["runs"] for row in found["rows"] if row["runs"]}
    outstanding = {method.name for method in published.METHODS}  # not run for it yet
    builtin = {method.name for method in CARDS.values() if "builtin" in method.hosts}
    assert set(runs) == builtin - outstanding
    assert min(runs.values()) >= 6
