"""A training that was killed and resumed is the unbroken one, bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from helpers import power_cut, rows_of
from retrain_small import DIGITS, NB201, cifar, run

from naslib_edd.errors import UserError
from naslib_edd.retrain.trainer import Trainer
from naslib_edd.storage.record import RunFolder, without_timings


def weights(folder: Path, name: str = "last.pt") -> dict[str, torch.Tensor]:
    return torch.load(folder / name, weights_only=True)["state_dict"]


def equal(one: Path, other: Path, *names: str) -> None:
    """Records, results and weights are the same to the last bit."""
    assert rows_of(one) == rows_of(other)
    results = [RunFolder(folder).read_result() for folder in (one, other)]
    assert results[0] is not None and results[1] is not None
    first, second = (without_timings(result[0]) for result in results if result is not None)
    assert {**first, "ran_on": 0} == {**second, "ran_on": 0}
    for name in names:
        a, b = weights(one, name), weights(other, name)
        assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.search
@pytest.mark.parametrize("epoch, step", [(0, 2), (1, 3), (2, 1)])
def test_a_power_cut_inside_an_epoch(tmp_path: Path, epoch: int, step: int) -> None:
    settings = [*DIGITS, "ema=0.9", "checkpoint_seconds=0", "clip_norm=1"]
    run(NB201, "nb201_12", settings, tmp_path / "whole")
    with power_cut(epoch=epoch, step=step, kind=Trainer):
        run(NB201, "nb201_12", settings, tmp_path / "cut")
    run(NB201, "nb201_12", settings, tmp_path / "cut", resume=True)
    equal(tmp_path / "whole", tmp_path / "cut", "last.pt", "best.pt", "ema.pt")


@pytest.mark.search
def test_drop_path_and_the_auxiliary_head_resume_too(tmp_path: Path) -> None:
    data = str(cifar(tmp_path / "cifar10.npz"))
    settings = [
        "channels=2",
        "cells=3",
        "epochs=2",
        "batch_size=8",
        "limit_train=24",
        "limit_test=8",
        "threads=1",
        "device=cpu",
        "drop_path=0.5",
        "checkpoint_seconds=0",
    ]
    run("DARTS_V1", "darts_cifar", settings, tmp_path / "whole", data=data)
    with power_cut(epoch=1, step=1, kind=Trainer):
        run("DARTS_V1", "darts_cifar", settings, tmp_path / "cut", data=data)
    run("DARTS_V1", "darts_cifar", settings, tmp_path / "cut", data=data, resume=True)
    equal(tmp_path / "whole", tmp_path / "cut", "last.pt", "best.pt")


#: Of a run that lasts long enough to be killed.
LONG = [*DIGITS, "epochs=40", "checkpoint_seconds=0"]


def started(out: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "naslib_edd.cli", "retrain", NB201, "--recipe", "nb201_12"]
    return subprocess.Popen(
        [*command, "--out", str(out), *options, *LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.process
@pytest.mark.search
def test_kill_9_and_resume(tmp_path: Path) -> None:
    killed = started(tmp_path / "killed")
    record = tmp_path / "killed" / "record.jsonl"
    until = time.monotonic() + 90
    while not (record.exists() and record.read_bytes().count(b"\n") >= 3):
        assert killed.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert record.read_bytes().count(b"\n") < 40
    again = started(tmp_path / "killed", "--resume")
    run(NB201, "nb201_12", LONG, tmp_path / "whole")
    said = again.communicate()[1]
    assert again.returncode == 0, said
    equal(tmp_path / "whole", tmp_path / "killed", "last.pt", "best.pt")


@pytest.mark.search
def test_other_settings_or_images_are_not_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(NB201, "nb201_12", DIGITS, out)
    with pytest.raises(UserError, match=r"retrain\.epochs was 3 there and is 4 now"):
        run(NB201, "nb201_12", [*DIGITS, "epochs=4"], out, resume=True)
    with pytest.raises(UserError, match="already holds a run"):
        run(NB201, "nb201_12", DIGITS, out)
    again = run(NB201, "nb201_12", DIGITS, out, resume=True)
    assert len(again.rows) == 3
    run(NB201, "nb201_12", [*DIGITS, "epochs=1"], out, force=True)
    assert len(rows_of(out)) == 1
