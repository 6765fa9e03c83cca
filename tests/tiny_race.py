"""What the tests of ``benchmarks/speed.py`` share: the smallest races, and made-up timings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import speed
from racing.compare import compare
from racing.entrants import races
from racing.steps import Shape

SHAPE = Shape(channels=4, cells=1, batch_size=4, size=8)
TINY = [
    *("--channels=4", "--cells=1", "--batch-size=4", "--size=8", "--threads=1"),
    *("--warmup=1", "--repeats=1", "--sampled-repeats=2"),
]

#: Seconds, made up: binary fractions, so that ratios are exact.
TIMES = {
    "fast:darts_v1": 2.0,
    "plain:darts_v1:contiguous": 4.0,
    "plain:darts_v1:channels_last": 5.0,
    "fast:edd_darts": 2.0,
    "plain:edd_darts:contiguous": 4.0,
    "plain:edd_darts:channels_last": 5.0,
    "autodl:darts_v1": 8.0,
    "naslib:darts_v1": 16.0,
    "floor": 2.0,
    "naslib:gdas": 8.0,
    "fast:gdas": 2.0,
    "fast:ets_gdas": 2.0,
}
METHODS = ["darts_v1", "edd_darts", "gdas", "ets_gdas"]


def race(out: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The record of a tiny run, written to ``out``; ``code`` is the exit code to expect."""
    assert speed.main([*TINY, "--out", str(out), *arguments]) == code
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def ratios(**change: float) -> dict[str, float]:
    """The ratios of :data:`TIMES` with some of them changed, by label."""
    grouped = races(METHODS, rivals=("autodl", "naslib")).values()
    assert {one.name for entrants in grouped for one in entrants} == set(TIMES)
    # A machine that is twice as slow in some round moves no ratio.
    times = {**TIMES, **change}.items()
    seconds = {name: [one * k for k in (1, 2, 1, 1)] for name, one in times}
    return {row["label"]: row["median"] for row in compare(seconds)}
