"""The table of 50-epoch searches: what it says of made-up runs, and of the committed ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import claim
import numpy as np
import pytest
import yaml

from naslib_edd.config.loading import as_dict, load
from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.encoding import index_to_ops, ops_to_str

pytestmark = pytest.mark.benchmark

COMMITTED = Path(__file__).parents[2] / "benchmarks" / "results" / "cifar10_50"


def make_run(folder: Path, method: str, seed: int, tests: list[float], nets: list[float]) -> None:
    """A run of two epochs with these accuracies in the table and of the discretised network."""
    place = folder / method / str(seed)
    place.mkdir(parents=True)
    config = as_dict(load({"optimizer": method, "dataset": "cifar10", "seed": seed}))
    (place / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    ops = index_to_ops(6111)
    rows: list[dict[str, Any]] = [
        {
            "epoch": epoch, "t": 1.0, "entropy": 1.0, "val_acc": 70.0, "net_val_acc_batch": net,
            "logits": np.zeros((6, 5)).tolist(), "arch_str": ops_to_str(ops), "ops": list(ops),
            "index": 6111, "skip_count": 2, "none_count": 1, "seconds": 1.0,
            "table": {"datasets": {"cifar10": {"test": {"value": test, "rank": 5}}}},
        }
        for epoch, (test, net) in enumerate(zip(tests, nets, strict=True), start=1)
    ]  # fmt: skip
    (place / "record.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = {key: rows[-1][key] for key in ("arch_str", "ops", "index", "table")}
    (place / "result.json").write_text(json.dumps({"epochs": len(rows), "seconds": 2.0, **result}))


def rows_of(folder: Path) -> dict[str, Any]:
    claim.write(folder)
    found = json.loads((folder / "table.json").read_text("utf-8"))
    return {row["name"]: row for row in found["rows"]}


def test_final_and_best_epoch_are_apart(tmp_path: Path) -> None:
    make_run(tmp_path, "darts_v1", 0, [94.0, 60.0], [50.0, 10.0])
    make_run(tmp_path, "darts_v1", 1, [80.0, 92.0], [50.0, 10.0])
    (row,) = rows_of(tmp_path).values()
    assert row["final"] == [60.0, 92.0]
    assert row["best"] == [94.0, 80.0]
    assert row["collapsed"] == 1
    assert row["bare"] == [3, 3]
    assert (row["supernet"], row["discretised"]) == ([70.0, 70.0], [10.0, 10.0])
    assert "1 of 2" in (tmp_path / "table.md").read_text("utf-8")


def test_five_seeds_that_do_not_overlap_are_told_apart_and_three_are_not(tmp_path: Path) -> None:
    for seed in range(5):
        make_run(tmp_path, "edd_darts", seed, [94.0 + seed / 10] * 2, [70.0] * 2)
        make_run(tmp_path, "darts_v1", seed, [80.0 + seed] * 2, [10.0] * 2)
        if seed < 3:
            make_run(tmp_path, "gdas", seed, [70.0 + seed] * 2, [10.0] * 2)
    rows = rows_of(tmp_path)
    assert list(rows) == ["edd_darts", "darts_v1", "gdas"]  # the best first
    against = rows["edd_darts"]["against"]["darts_v1"]
    assert against["mean"] == pytest.approx(12.2)
    assert against["low"] < 12.2 < against["high"]
    assert against["p"] == pytest.approx(2 / 252)
    assert against["p_adjusted"] == pytest.approx(2 * 2 / 252)  # Holm, two methods
    assert against["words"] == "p = 0.016"
    few = rows["gdas"]["against"]["darts_v1"]
    assert few["words"] == "p = 0.036" and few["sizes"] == [3, 5]
    assert rows["darts_v1"]["against"] == {}


def test_n_too_small_is_said(tmp_path: Path) -> None:
    for seed in range(2):
        make_run(tmp_path, "edd_darts", seed, [94.0] * 2, [70.0] * 2)
        make_run(tmp_path, "darts_v1", seed, [80.0] * 2, [10.0] * 2)
    assert rows_of(tmp_path)["edd_darts"]["against"]["darts_v1"]["words"] == "n too small to tell"


def test_unfinished_runs_are_named_and_left_out(tmp_path: Path) -> None:
    make_run(tmp_path, "edd_darts", 0, [94.0] * 2, [70.0] * 2)
    make_run(tmp_path, "darts_v1", 3, [80.0] * 2, [10.0] * 2)
    (tmp_path / "darts_v1" / "3" / "result.json").unlink()
    assert list(rows_of(tmp_path)) == ["edd_darts"]
    assert "unfinished: darts_v1, seed 3 (epoch 2)" in (tmp_path / "table.md").read_text("utf-8")


def test_nothing_finished_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path, "darts_v1", 3, [80.0] * 2, [10.0] * 2)
    (tmp_path / "darts_v1" / "3" / "result.json").unlink()
    with pytest.raises(UserError, match="no finished run"):
        claim.write(tmp_path)


@pytest.mark.skipif(not COMMITTED.exists(), reason="no records of 50 epochs are committed yet")
def test_the_committed_table_is_what_its_records_give(tmp_path: Path) -> None:
    shutil.copytree(COMMITTED / "nasbench201", tmp_path / "nasbench201")
    claim.write(tmp_path, data_note="CIFAR-10 (JPEG)")
    for name in ("table.md", "table.json"):
        assert (tmp_path / name).read_text("utf-8") == (COMMITTED / name).read_text("utf-8")


def test_the_readme_says_what_the_records_give() -> None:
    """Each row of its table of 50 epochs, from the table that the records make."""
    text = (COMMITTED.parents[2] / "README.md").read_text(encoding="utf-8")
    rows = {row["name"]: row for row in json.loads((COMMITTED / "table.json").read_text())["rows"]}
    for name in ("darts_v1", "edd_darts", "edd_darts_clip", "random_search", "local_search"):
        row = rows[name]
        final, count = row["final"], len(row["final"])
        told = f"| `{name}` | {count} | {mean(final):.2f} ± {stdev(final):.2f} | "
        told += f"{row['collapsed']} of {count} | "
        if row["supernet"][0] is not None:
            told += f"{mean(row['supernet']):.1f} → {mean(row['discretised']):.1f} |"
        assert told in text
