"""Norms before the clip: a small search is left as it is, and the shares are counted."""

from __future__ import annotations

from pathlib import Path

import clip_norms
import pytest
import yaml

from naslib_edd.engine.loop import search
from naslib_edd.storage.record import without_timings

pytestmark = [pytest.mark.benchmark, pytest.mark.search]

SMALL = {
    "optimizer": "edd_darts_clip",
    "dataset": "digits",
    "search": {"epochs": 2, "channels": 2, "cells": 1, "batch_size": 128},
}


def test_medians_and_shares() -> None:
    (first, second) = clip_norms.by_epoch([1.0, 2.0, 9.0, 4.0, 4.0, 6.0], 2, 5.0)
    assert first == {"median": 2.0, "largest": 9.0, "clipped": pytest.approx(1 / 3)}
    assert second["median"] == 4.0
    assert clip_norms.by_epoch([], 2, 5.0) == []


def test_the_search_is_the_same(tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(yaml.safe_dump({**SMALL, "threads": 1, "out_dir": str(tmp_path / "noted")}))
    found = clip_norms.measure(config, ["search.grad_clip=0.5"])
    plain = search(config, [f"out_dir={tmp_path / 'plain'}", "search.grad_clip=0.5"], figures=False)
    assert found["steps_per_epoch"] > 1
    assert [row["t"] for row in plain.rows] == found["t"]
    assert len(found["logits"]) == len(found["weights"]) == 2
    assert found["weights"][0]["clipped"] > 0
    noted = search(config, ["search.grad_clip=0.5"], resume=True, figures=False)
    assert list(map(without_timings, noted.rows)) == list(map(without_timings, plain.rows))
