"""Small runs that tests share."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from rich.console import Console

from naslib_edd.engine.engine import Engine
from naslib_edd.engine.loop import SearchResult, search
from naslib_edd.spaces.nb201.encoding import SIZE, all_ops, ops_to_str
from naslib_edd.storage.record import read_rows, without_timings

#: Where a run of `tiny_settings` leaves its files, below its out_dir.
FOLDER = Path("nasbench201") / "digits" / "edd_darts" / "0"


def every(stride: int, cases: Iterable[Any]) -> list[Any]:
    """Every so-manieth case of a large family, from the first; the others are marked slow.

    A case is one argument, or a tuple of them. Of a product of two lists all values of both are
    among those that stay, where the second list's length is no multiple of the stride.
    """
    found = []
    for number, case in enumerate(cases):
        values = case if isinstance(case, tuple) else (case,)
        found.append(pytest.param(*values, marks=pytest.mark.slow if number % stride else ()))
    return found


def tiny_settings(out: Path, **top: Any) -> dict[str, Any]:
    """A real EDD search on digits in half a second: C=2, N=1, 3 epochs of 3 steps."""
    settings: dict[str, Any] = {
        "optimizer": "edd_darts",
        "dataset": "digits",
        "out_dir": str(out),
        "threads": 1,
        "device": "cpu",
        "search": {
            "channels": 2,
            "cells": 1,
            "epochs": 3,
            "batch_size": 16,
            "limit_train": 48,
            "limit_val": 48,
        },
    }
    search_settings = top.pop("search", {})
    settings.update(top)
    settings["search"].update(search_settings)
    return settings


def run(settings: dict[str, Any], **options: Any) -> SearchResult:
    """Search in silence and without figures."""
    options = {"figures": False, "console": Console(quiet=True), **options}
    return search(settings, **options)


def start(*arguments: object, **options: object) -> subprocess.Popen[str]:
    """The command line as a process of its own, on one thread."""
    return subprocess.Popen(
        [sys.executable, "-m", "naslib_edd.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        **options,  # type: ignore[call-overload]
    )


def write_columns(path: Path, **columns: np.ndarray) -> Path:
    """A compact table of all architectures with these columns, (15625,) each."""
    ops = all_ops()
    names = np.array([ops_to_str(row) for row in ops])
    np.savez_compressed(path, arch_str=names, arch_ops=ops, **columns)
    return path


def write_table(path: Path) -> Path:
    """A compact table whose accuracy is the architecture's index, scaled: every row is known."""
    accuracy = np.arange(SIZE) / SIZE * 100
    return write_columns(path, cifar10_valid__val=accuracy, cifar10__test=100 - accuracy)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """The rows of a run's record, without what no two runs have alike."""
    return [without_timings(row) for row in read_rows(folder / "record.jsonl")]


@contextmanager
def power_cut(*, epoch: int, step: int, kind: type[Any] = Engine) -> Iterator[None]:
    """The run inside breaks off after so many steps of this epoch (from 0), or the test fails."""
    original = kind.run_step

    def run_step(engine: Any, *given: Any) -> None:
        original(engine, *given)
        if (engine.epoch, engine.step) == (epoch, step):
            raise RuntimeError("power cut")

    broken = patch.object(kind, "run_step", run_step)
    with broken, pytest.raises(RuntimeError, match="power cut"):
        yield


def flip(path: Path, *, at: float = 0.5) -> None:
    """Change one bit of the largest tensor's bytes in a checkpoint.

    Not just any byte of the file: what pads its members is of no consequence and not summed.
    """
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        largest = max(archive.infolist(), key=lambda member: member.file_size)
    content[largest.header_offset + 200 + int(at * (largest.file_size - 200))] ^= 4
    path.write_bytes(content)
