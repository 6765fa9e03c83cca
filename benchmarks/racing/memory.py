"""Peak memory: of a process that runs one engine alone, or of what torch allocates on a GPU."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch

from naslib_edd.errors import UserError
from racing.build import build
from racing.entrants import RIVALS, Entrant, lineup
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
    """In the process of :func:`peak_rss`: peak resident memory, MiB, before and after two steps."""
    try:
        import resource
    except ImportError:
        raise UserError("--memory needs Unix: Python has no module `resource` here") from None

    def peak() -> float:
        unit = 1 if sys.platform == "darwin" else 1024  # bytes, or KiB
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20

    entrants = lineup(options.methods, rivals=options.rivals)
    entrant = next(one for one in entrants if one.name == options.memory_of)
    before = peak()
    step, _ = build(entrant, options.shape, options, torch.device("cpu"))
    for _ in range(2):
        step()
    return {"memory_mib": peak(), "memory_before_mib": before}


def begin_memory(device: torch.device) -> int:
    """Bytes that are held on a GPU now; its peak counts from here."""
    if device.type != "cuda":
        return 0
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def gpu_peak(held: int) -> Record:
    """MiB that were allocated on a GPU since, at the peak, beyond those ``held`` then."""
    return {"memory_mib": (torch.cuda.max_memory_allocated() - held) / 2**20}
