"""NASLib's errors.json: written whole, and made again from the checkpoint where it is not."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from naslib_edd.errors import UserError
from naslib_edd.plugin.recorder import Recorder
from naslib_edd.plugin.runner import run
from naslib_edd.storage.record import without_timings

pytestmark = [pytest.mark.naslib, pytest.mark.search]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    values = {
        "optimizer": "edd_darts",
        "search_space": "nasbench201",
        "dataset": "digits",
        "seed": 1,
        "out_dir": str(tmp_path / "runs"),
        "threads": 1,
        "search": {"epochs": 2, "batch_size": 4, "limit_train": 4, "limit_val": 8},
    }
    path.write_text(yaml.safe_dump(values))
    return path


def errors_json(out: Path) -> Path:
    return out / "nasbench201" / "digits" / "edd_darts" / "1" / "errors.json"


def quiet(config: Path, *overrides: str, **options: Any) -> dict[str, Any]:
    return run(config, overrides, console=Console(quiet=True), **options)


@pytest.mark.parametrize("left", ["cut", "gone", "no object"])
def test_resume_with_a_damaged_errors_json(
    config: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    """The checkpoint has the rows of the epochs before: the curves are written from them."""
    whole = quiet(config, f"out_dir={config.parent / 'whole'}")

    class PowerCut(Exception):
        pass

    def catch_up(self: Recorder, trajectory: Any) -> Any:
        if len(trajectory.train_acc) == 2:
            raise PowerCut
        return before(self, trajectory)

    before = Recorder.catch_up
    with monkeypatch.context() as patched, pytest.raises(PowerCut):
        patched.setattr(Recorder, "catch_up", catch_up)
        quiet(config)
    file = errors_json(config.parent / "runs")
    text = file.read_text()
    file.write_text({"cut": text[:-20], "gone": "", "no object": "[1]"}[left])
    assert without_timings(quiet(config, resume=True)) == without_timings(whole)
    texts = [json.loads(errors_json(config.parent / out).read_text()) for out in ("runs", "whole")]
    for key in ("train_acc", "train_loss", "valid_acc", "valid_loss"):
        assert texts[0][key] == texts[1][key]
    assert len(texts[0]["runtime"]) == len(texts[1]["runtime"]) == 2


def test_a_full_disk_leaves_errors_json_whole(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its write in the second epoch fails: what it held after the first is still there."""
    held: list[str] = []

    def fsync(descriptor: int) -> None:
        target = Path(f"/proc/self/fd/{descriptor}").readlink().name
        if target.startswith(".errors.json"):
            held.append(target)
            if len(held) == 2:
                raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(UserError, match=r"errors\.json: No space left .* free some space"):
        quiet(config)
    file = errors_json(config.parent / "runs")
    assert len(json.loads(file.read_text())["train_acc"]) == 1
    monkeypatch.undo()
    quiet(config, resume=True)
    assert len(json.loads(file.read_text())["train_acc"]) == 2
