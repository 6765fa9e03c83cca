"""Searches in the DARTS spaces: a record of genotypes, resumed bit for bit, drawn and shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import power_cut, rows_of, run, tiny_settings

from naslib_edd import spaces
from naslib_edd.cli.commands import main
from naslib_edd.engine.engine import Engine
from naslib_edd.report import draw_run, load_runs, report
from naslib_edd.spaces.darts.genotype_forms import parse
from naslib_edd.storage.record import without_timings

pytestmark = pytest.mark.search


def settings(out: Path, space: str, method: str) -> dict[str, Any]:
    search = {
        "channels": 4, "cells": 3, "batch_size": 8, "limit_train": 16, "limit_val": 16,
        "epochs": 2,
    }  # fmt: skip
    return tiny_settings(out, optimizer=method, search_space=space, search=search)


@pytest.mark.parametrize(
    ("space", "method"),
    [
        ("s4", "edd_darts"),  # noise from torch's generator
        pytest.param("s1", "darts_v1", marks=pytest.mark.slow),
        pytest.param("s2", "edd_pc_darts", marks=pytest.mark.slow),
        pytest.param("s3", "pc_darts", marks=pytest.mark.slow),
        pytest.param("darts", "edd_darts", marks=pytest.mark.slow),
    ],
)
def test_a_search_is_resumed(tmp_path: Path, space: str, method: str) -> None:
    whole = run(settings(tmp_path / "whole", space, method))
    rows = rows_of(whole.folder)
    held = spaces.get(space)
    for row in rows:
        assert held.text(held.check(row["ops"])) == row["arch_str"]
        assert held.parse(parse(row["arch_str"])) == tuple(row["ops"])
        assert sum(op is not None for op in row["ops"]) == 16
        assert torch.tensor(row["logits"]).shape == (28, len(held.layout.operations))
    with power_cut(epoch=1, step=1, kind=Engine):
        run(settings(tmp_path / "cut", space, method))
    torch.manual_seed(1)
    resumed = run(settings(tmp_path / "cut", space, method), resume=True)
    assert rows_of(resumed.folder) == rows
    assert without_timings(resumed.result) == without_timings(whole.result)


@pytest.mark.slow
def test_a_run_is_drawn_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(settings(tmp_path / "runs", "s3", "darts_v1"))
    draw_run(done.folder)
    report([done.folder], tmp_path / "report")
    (found,) = load_runs(done.folder)
    assert found.space is spaces.get("s3")
    capsys.readouterr()
    assert main(["genotype", str(done.folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["arch_str"] == rows_of(done.folder)[-1]["arch_str"]
    assert "darts_v1, S3, digits, seed 0, epoch 2" in told["source"]
