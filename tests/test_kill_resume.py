"""kill -9 at random moments, then --resume: the record of an unbroken run, 20 times of 20."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from helpers import FOLDER, rows_of, start, tiny_settings

TIMES = 20


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kill_9_at_random_moments(tmp_path: Path) -> None:
    """Each try is killed at least once, at a moment drawn over its whole length, then resumed."""
    config = tmp_path / "config.yaml"
    settings = tiny_settings(
        tmp_path / "runs",
        search={
            "channels": 4,
            "epochs": 14,
            "limit_train": 600,
            "limit_val": 600,
            "checkpoint_seconds": 0.3,
        },
    )
    config.write_text(yaml.safe_dump(settings))
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


def finish(config: Path, out: Path, *options: str) -> int:
    process = start("search", config, f"out_dir={out}", "--no-figures", *options)
    process.communicate()
    return int(process.returncode)
