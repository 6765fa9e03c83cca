"""Peak memory of a process that runs one engine alone."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch

from naslib_edd.errors import UserError
from racing.entrants import RIVALS, Entrant, lineup
from racing.race import build
from racing.shape import Record, Shape

SCRIPT = Path(__file__).parents[1] / "speed.py"


def peak_rss(entrant: Entrant, shape: Shape, options: argparse.Namespace) -> Record:
    """Peak memory, MiB, of a process of its own that does nothing but this entrant's steps.

    Linux hands a process's peak on to what it starts: so no engine is built here before.
    """
    command = [sys.executable, str(SCRIPT), *_arguments(entrant, shape, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UserError(f"the memory of {entrant.name} could not be measured: {reason}")
    found: Record = json.loads(done.stdout)
    return found


def _arguments(entrant: Entrant, shape: Shape, options: argparse.Namespace) -> list[str]:
    """The command line of a process that builds the same entrant, and imports no rival but it."""
    assert entrant.method is not None
    given = {
        "memory-of": entrant.name,
        "channels": shape.channels,
        "cells": shape.cells,
        "batch-size": shape.batch_size,
        "size": shape.size,
        "threads": options.threads,
        "allocator": options.allocator,
    }
    if entrant.kind in RIVALS:
        given[entrant.kind] = getattr(options, entrant.kind)
    return [*(f"--{name}={value}" for name, value in given.items()), "--methods", entrant.method]


def own_rss(options: argparse.Namespace) -> Record:
    """In the process of :func:`peak_rss`: resident memory before two steps and at their peak."""
    entrants = lineup(options.methods, rivals=options.rivals)
    entrant = next(one for one in entrants if one.name == options.memory_of)
    before = _held_now()
    step, _ = build(entrant, options.shape, options, torch.device("cpu"))
    for _ in range(2):
        step()
    return {"memory_mib": _peak(), "memory_before_mib": before}


def _held_now() -> float:
    """Resident memory now, MiB, from which the peak counts anew.

    Where only the peak so far is to be had (not Linux), it may hide what a small network needs.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return _peak()
    return _status("VmRSS")


def _peak() -> float:
    """Peak resident memory, MiB."""
    try:
        return _status("VmHWM")
    except OSError:  # not Linux
        pass
    try:
        import resource
    except ImportError:
        raise UserError("--memory needs Unix: Python has no module `resource` here") from None
    unit = 1 if sys.platform == "darwin" else 1024  # bytes, or KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _status(field: str) -> float:
    """A field of Linux' /proc/self/status, MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith(f"{field}:")]
    return float(line.split()[1]) / 1024
