"""Where the time of a step goes on a CPU: plain supernet, fast one, and with C++ kernels.

    python benchmarks/profile_step.py   # C=16, N=5, batch 64; writes results/profile_cpu.json

PyTorch's profiler over three steps of each engine, after two that do not count. What it adds to
every operation is in the numbers: compare shares, and take times from ``speed.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from racing.entrants import Entrant, bilevel_step
from racing.record import surroundings
from racing.steps import CPU, Shape, Step
from torch.profiler import ProfilerActivity, profile, record_function

from naslib_edd.cli.allocator import keep_freed_memory
from naslib_edd.storage.files import write_text
from naslib_edd.supernet.native import Kernels, kernels
from naslib_edd.supernet.native.choice import VARIABLE

STEPS = 3
OUT = Path(__file__).parent / "results" / "profile_cpu.json"
#: What an operation's name holds → what it is called here; the first that fits.
GROUPS = {
    "C++ ": "C++ kernels",
    "conv": "convolutions",
    "batch_norm": "batch norm",
    "BatchNorm": "batch norm",
    "pool": "pool",
    "threshold": "ReLU",
    "relu": "ReLU",
    "clamp_min": "ReLU",
    "Optimizer": "optimizers",
    "_foreach": "optimizers",
    "LeaveNode": "Python",
    "autograd::": "Python",
    "mm": "matrix products",
}
REST = "element by element, sums, copies, the rest"


def group_of(name: str) -> str:
    """The group of a profiler's event."""
    return next((group for part, group in GROUPS.items() if part in name), REST)


def shares(step: Step) -> dict[str, Any]:
    """Milliseconds a step by group, the largest first, and of each C++ kernel."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(STEPS):
            step()
    groups: dict[str, float] = {}
    own: dict[str, float] = {}
    for event in profiled.key_averages():
        milliseconds = event.self_cpu_time_total / 1e3 / STEPS
        group = group_of(event.key)
        groups[group] = groups.get(group, 0.0) + milliseconds
        if group == "C++ kernels":
            own[event.key.removeprefix("C++ ")] = milliseconds
    ranked = dict(sorted(groups.items(), key=lambda item: -item[1]))
    return {"total_ms": sum(groups.values()), "groups_ms": ranked, "kernels_ms": own}


@contextmanager
def named_kernels() -> Iterator[None]:
    """Each C++ kernel as an event of its own: the profiler sees no call through ctypes."""

    def named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            with record_function(f"C++ {name}"):
                return function(*arguments, **options)

        return call

    with ExitStack() as stack:
        for name in [name for name in dir(Kernels) if not name.startswith("_")]:
            stack.enter_context(patch.object(Kernels, name, named(getattr(Kernels, name), name)))
        yield


@contextmanager
def with_kernels(wanted: bool) -> Iterator[None]:
    """The C++ kernels, or PyTorch's passes in their place."""
    with patch.dict(os.environ, {} if wanted else {VARIABLE: "0"}):
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line."""
    root = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in {"channels": 16, "cells": 5, "batch-size": 64, "size": 32}.items():
        root.add_argument(f"--{name}", type=int, default=default)
    root.add_argument("--threads", type=int, default=torch.get_num_threads())
    root.add_argument("--out", type=Path, default=OUT)
    options = root.parse_args(arguments)
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    shape = Shape(options.channels, options.cells, options.batch_size, options.size)
    found = {}
    engines = [("plain", "plain", False), ("fast, PyTorch's passes", "fast", False)]
    if kernels() is not None:
        engines.append(("fast, C++ kernels", "fast", True))
    for title, kind, native in engines:
        layout = "contiguous" if kind == "plain" else "channels_last"
        entrant = Entrant(kind=kind, layout=layout, method="darts_v1")
        with with_kernels(native):
            step = bilevel_step(entrant, shape, CPU)
            for _ in range(2):
                step()
            with named_kernels():
                found[title] = shares(step)
        print(f"{title}: {found[title]['total_ms']:.0f} ms a step")
        for group, milliseconds in found[title]["groups_ms"].items():
            print(f"  {milliseconds:8.1f}  {group}")
    record = {**surroundings(), "shape": vars(shape), "steps": STEPS, "engines": found}
    write_text(options.out, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    print(f"record: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
