"""Synthetic runs: folders such as a search writes, made of numbers that the test chose."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from naslib_edd.config.loading import as_dict, load
from naslib_edd.spaces.nb201.encoding import NONE, SKIP, index_to_ops, ops_to_str

MakeRun = Callable[..., Path]


def table_of(index: int, accuracies: dict[str, tuple[float, float]], rank: int) -> dict[str, Any]:
    """A table's record of one architecture, as `as_dict` of the real one gives it."""
    datasets = {
        name: {
            part: {"value": value, "rank": rank, "regret": 1.0}
            for part, value in zip(("val", "test"), values, strict=True)
        }
        for name, values in accuracies.items()
    }
    return {"index": index, "arch_str": ops_to_str(index_to_ops(index)), "datasets": datasets}


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Write a run; keywords set its seed, epochs, index, config and the table's accuracies."""

    def make(
        where: str,
        *,
        seed: int = 0,
        epochs: int = 3,
        index: int = 6111,
        config: dict[str, Any] | None = None,
        accuracies: dict[str, tuple[float, float]] | None = None,
        rank: int = 10,
        seconds: float = 7.0,
        finished: bool = True,
        rows: Callable[[list[dict[str, Any]]], None] = lambda rows: None,
        result: dict[str, Any] | None = None,
    ) -> Path:
        folder = tmp_path / where
        folder.mkdir(parents=True)
        given = copy.deepcopy(config or {"optimizer": "edd_darts", "dataset": "cifar10"})
        given["seed"] = seed
        given["search"] = {**given.get("search", {}), "epochs": epochs}
        (folder / "config.yaml").write_text(yaml.safe_dump(as_dict(load(given))), "utf-8")
        rng, ops = np.random.default_rng(seed), index_to_ops(index)
        counts = {"skip_count": ops.count(SKIP), "none_count": ops.count(NONE)}
        final = {"arch_str": ops_to_str(ops), "ops": list(ops), "index": index, **counts}
        if accuracies is not None:
            final["table"] = table_of(index, accuracies, rank)
        made = [
            {
                "epoch": epoch,
                "t": 10.0**-epoch,
                "d": None if epoch == 1 else 0.05,
                "entropy": 1.6 / epoch + 0.01 * seed,
                "train_acc": 50.0 + epoch,
                "val_acc": 40.0 + epoch,
                "net_val_acc_batch": 30.0 + epoch + seed,
                "net_val_acc_running": 20.0 + epoch + seed,
                "logits": (0.001 * rng.standard_normal((6, 5))).tolist(),
                "seconds": seconds / epochs,
                **final,
            }
            for epoch in range(1, epochs + 1)
        ]
        rows(made)
        (folder / "record.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made))
        if finished:
            ends = {"seed": seed, "epochs": epochs, **final, "seconds": seconds, **(result or {})}
            (folder / "result.json").write_text(json.dumps(ends))
        return folder

    return make
