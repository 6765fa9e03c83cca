"""The short trainings of found and published cells: which, in which order, and what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import darts_cells
import pytest

pytestmark = pytest.mark.benchmark

SEARCHES = Path(__file__).parents[2] / "benchmarks" / "results" / "darts_spaces"


def test_every_search_and_four_published(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    asked = []

    def retrained(arch: str, recipe: str, overrides: list[str], *, out: Path, data: Any) -> Any:
        asked.append(out.relative_to(tmp_path))
        images = {"name": "cifar10", "source": "/somewhere/cifar10.npz"}
        return {
            "recipe": recipe, "changed": {"epochs": 2}, "images": images, "seconds": 1.0,
            "test_acc": 10.0 + len(asked), "train_acc": 20.0,
        }  # fmt: skip

    monkeypatch.setattr(darts_cells, "retrained", retrained)
    arguments = ["--out", str(tmp_path), "--searches", str(SEARCHES), "epochs=2"]
    assert darts_cells.main(arguments) == 0
    done = sorted(SEARCHES.glob("*/cifar10/*/*/result.json"))
    assert len(asked) == len(set(asked)) == 4 + len(done)
    assert asked[0] == Path("published/DARTS_V2") and asked[4].name == "0"
    found = json.loads((tmp_path / "cells.json").read_text("utf-8"))
    assert found["images"]["source"] == "cifar10.npz"
    first = found["rows"][0]
    # quark0/darts' cell: 3.35 million parameters counted, 3.3 printed.
    assert first["parameters"] == 3_349_342 and first["printed"] == 3.3
    text = (tmp_path / "cells.md").read_text("utf-8")
    assert text in capsys.readouterr().out
    assert text.startswith("cifar10, recipe darts_cifar with epochs=2: test accuracy")
    assert "| published | DARTS_V2 | – | 11.00 | 2 + 3 | 3.35 | 3.3 |" in text
    assert "s2 edd_darts " in text.splitlines()[-1] and "(n = 2)" in text


def test_no_searches_is_said(tmp_path: Path, capsys: Any) -> None:
    arguments = ["--out", str(tmp_path / "out"), "--searches", str(tmp_path)]
    assert darts_cells.main(arguments) == 2
    assert "no record.jsonl" in capsys.readouterr().err
