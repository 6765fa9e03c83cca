"""kill -9 at any moment, then --resume: the record of an unbroken run, 20 times of 20."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from dying import STAGES
from fuzz.mutations import mutations
from helpers import FOLDER, rows_of, start, tiny_settings

from naslib_edd.cli.commands import main

TIMES = 20
DYING = Path(__file__).with_name("dying.py")


def written(config: Path, out: Path, **search: Any) -> Path:
    """A config file of a tiny search."""
    config.write_text(yaml.safe_dump(tiny_settings(out, search=search)))
    return config


def finish(config: Path, out: Path, *options: str) -> int:
    process = start("search", config, f"out_dir={out}", "--no-figures", *options)
    process.communicate()
    return int(process.returncode)


def die(config: Path, out: Path, *, number: int, stage: str) -> int:
    """Search until the n-th checkpoint, and die as it is written."""
    command = [sys.executable, str(DYING), str(number), stage, "search", str(config)]
    root = str(DYING.parents[1])
    return subprocess.run(
        [*command, f"out_dir={out}", "--no-figures"],
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root},
    ).returncode


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kill_9_at_random_moments(tmp_path: Path) -> None:
    """Each try is killed at least once, at a moment drawn over its whole length, then resumed."""
    config = written(
        tmp_path / "config.yaml",
        tmp_path / "runs",
        channels=4,
        epochs=14,
        limit_train=600,
        limit_val=600,
        checkpoint_seconds=0.3,
    )
    began = time.monotonic()
    assert finish(config, tmp_path / "whole") == 0
    length = time.monotonic() - began
    expected = rows_of(tmp_path / "whole" / FOLDER)
    draw = random.Random(0)
    for attempt in range(TIMES):
        out = tmp_path / f"try{attempt}"
        moment = draw.uniform(0.2, 1.0) * length
        process = start("search", config, f"out_dir={out}", "--no-figures")
        try:
            process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        assert finish(config, out, "--resume") == 0
        assert rows_of(out / FOLDER) == expected, f"try {attempt}, killed after {moment:.2f} s"
        shutil.rmtree(out)


@pytest.mark.process
@pytest.mark.search
@pytest.mark.parametrize("times", [1, pytest.param(TIMES, marks=pytest.mark.slow)])
@pytest.mark.timeout(1800)
def test_kill_9_while_a_checkpoint_is_written(times: int, tmp_path: Path) -> None:
    """At each stage of writing it in turn; a checkpoint is written after every step."""
    config = written(tmp_path / "config.yaml", tmp_path / "runs", checkpoint_seconds=0)
    assert main(["search", str(config), f"out_dir={tmp_path / 'whole'}", "--no-figures"]) == 0
    expected = rows_of(tmp_path / "whole" / FOLDER)
    draw = random.Random(0)
    for attempt in range(times):
        out, stage, number = (
            tmp_path / f"try{attempt}",
            STAGES[(attempt + 2) % len(STAGES)],
            draw.randint(1, 9),
        )
        told = f"try {attempt}, {stage} at checkpoint {number}"
        assert die(config, out, number=number, stage=stage) == -signal.SIGKILL, told
        assert finish(config, out, "--resume") == 0, told
        assert rows_of(out / FOLDER) == expected, told
        assert not list((out / FOLDER).glob(".*")), told
        shutil.rmtree(out)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kill_9_and_then_the_newest_checkpoint_is_damaged(tmp_path: Path) -> None:
    """The run goes on from the one before, to the same record."""
    config = written(tmp_path / "config.yaml", tmp_path / "runs", checkpoint_seconds=0)
    assert main(["search", str(config), f"out_dir={tmp_path / 'whole'}", "--no-figures"]) == 0
    expected = rows_of(tmp_path / "whole" / FOLDER)
    draw, stages = random.Random(1), [stage for stage in STAGES if stage != "between"]
    for attempt in range(TIMES):
        out, stage, number = (
            tmp_path / f"try{attempt}",
            stages[attempt % len(stages)],
            draw.randint(3, 9),
        )
        assert die(config, out, number=number, stage=stage) == -signal.SIGKILL
        newest = out / FOLDER / "checkpoint.pt"
        name, damaged = list(mutations(newest.read_bytes(), count=TIMES, seed=0))[attempt]
        told = f"try {attempt}, {stage} at checkpoint {number}, {name}"
        newest.write_bytes(damaged)
        assert finish(config, out, "--resume") == 0, told
        assert rows_of(out / FOLDER) == expected, told
        shutil.rmtree(out)
