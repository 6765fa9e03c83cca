"""Measuring: entrants in turn, round by round, and the record of it all."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from naslib_edd import __version__
from naslib_edd.errors import UserError
from racing.compare import compare, summary
from racing.entrants import Entrant, autodl_step, bilevel_step, lineup
from racing.floor import floor_step
from racing.shape import Record, Shape, Step, timed

SCRIPT = Path(__file__).parents[1] / "speed.py"


def race(
    steps: Mapping[str, Step], *, rounds: int, device: torch.device, tick: Callable[[str], None]
) -> dict[str, list[float]]:
    """Seconds of every step: round by round, each entrant once a round, always in this order."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds):
        for name, step in steps.items():
            seconds[name].append(timed(step, device))
            tick(f"round {number + 1}, {name}")
    return seconds


def build(
    entrant: Entrant, options: argparse.Namespace, device: torch.device
) -> tuple[Step, list[Record]]:
    """An entrant's step; for the floor, its passes too."""
    shape: Shape = options.shape
    if entrant.kind == "floor":
        return floor_step(shape, device)
    if entrant.kind == "autodl":
        return autodl_step(Path(options.autodl), shape, device), []
    return bilevel_step(entrant, shape, device), []


def peak_rss(entrant: Entrant, options: argparse.Namespace) -> Record:
    """Peak memory, MiB, of a process of its own that does nothing but this entrant's steps.

    Linux hands a process's peak on to what it starts: so no engine is built here before.
    """
    command = [sys.executable, str(SCRIPT), "--memory-of", entrant.name, *shape_arguments(options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UserError(f"the memory of {entrant.name} could not be measured: {reason}")
    found: Record = json.loads(done.stdout)
    return found


def shape_arguments(options: argparse.Namespace) -> list[str]:
    """The command line of a process that builds the same entrants."""
    names = ("channels", "cells", "batch_size", "size", "threads", "autodl")
    given = {name: getattr(options, name) for name in names}
    words = [
        f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value is not None
    ]
    return [*words, "--methods", *options.methods]


def own_rss(options: argparse.Namespace) -> Record:
    """In the process of :func:`peak_rss`: peak resident memory, MiB, before and after two steps."""
    try:
        import resource
    except ImportError:
        raise UserError("--memory needs Unix: Python has no module `resource` here") from None

    def peak() -> float:
        unit = 1 if sys.platform == "darwin" else 1024  # bytes, or KiB
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20

    entrants = lineup(options.methods, autodl=options.autodl is not None)
    entrant = next(one for one in entrants if one.name == options.memory_of)
    before = peak()
    step, _ = build(entrant, options, torch.device("cpu"))
    for _ in range(2):
        step()
    return {"memory_mib": peak(), "memory_before_mib": before}


def measure(options: argparse.Namespace, console: Console) -> Record:
    """The whole benchmark; its record."""
    device = torch.device(options.device)
    entrants = lineup(options.methods, autodl=options.autodl is not None)
    apart = [one for one in entrants if options.memory and device.type == "cpu"]
    apart = [one for one in apart if one.kind != "floor"]  # its trials hold more than a step does
    rows: dict[str, Record] = {one.name: asdict(one) for one in entrants}
    steps: dict[str, Step] = {}
    floor: list[Record] = []
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
        auto_refresh=False,  # a thread that draws would take time from the steps
    )  # fmt: skip
    with bar:
        total = len(apart) + len(entrants) * (options.warmup + options.repeats)
        task = bar.add_task("building", total=total)

        def tick(done: str) -> None:
            bar.update(task, advance=1, description=f"{done:<42}", refresh=True)

        for one in apart:
            rows[one.name].update(peak_rss(one, options))
            tick(f"memory, {one.name}")
        for one in entrants:
            held = begin_memory(device)
            steps[one.name], passed = build(one, options, device)
            floor += passed
            warm = race(
                {one.name: steps[one.name]}, rounds=options.warmup, device=device, tick=tick
            )
            rows[one.name]["warmup_seconds"] = warm[one.name]
            if device.type == "cuda" and one.kind != "floor":
                peak = (torch.cuda.max_memory_allocated() - held) / 2**20
                rows[one.name]["memory_mib"] = peak
        seconds = race(steps, rounds=options.repeats, device=device, tick=tick)
    for name, found in seconds.items():
        rows[name].update({"seconds": found, **summary(found)})
    arithmetic = sum(row["flops"] * row["count"] for row in floor) / 1e9
    return {
        **surroundings(options),
        "settings": {
            **asdict(options.shape), "dtype": "float32", "methods": options.methods,
            "repeats": options.repeats, "warmup": options.warmup, "threads": options.threads,
            "device": options.device, "memory": options.memory,
            "autodl": None if options.autodl is None else commit(Path(options.autodl)),
            "cudnn_tf32": torch.backends.cudnn.allow_tf32,
        },
        "engines": rows,
        "ratios": compare(entrants, seconds, goals=device.type == "cpu"),
        "floor": {"gflop": arithmetic, "passes": floor},
    }  # fmt: skip


def begin_memory(device: torch.device) -> int:
    """Bytes that are held on a GPU now; its peak counts from here."""
    if device.type != "cuda":
        return 0
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def surroundings(options: argparse.Namespace) -> Record:
    """Where and how it ran. The command names no path outside the working folder."""
    words = ["python", "benchmarks/speed.py", *options.arguments]
    if options.autodl is not None:
        words = [word.replace(options.autodl, "AutoDL-Projects") for word in words]
    if options.out is not None and Path(options.out).is_absolute():
        words = [word.replace(options.out, Path(options.out).name) for word in words]
    cuda = torch.cuda.get_device_name() if options.device == "cuda" else None
    return {
        "command": " ".join(words), "processor": processor(), "gpu": cuda,
        "threads": torch.get_num_threads(), "torch": torch.__version__,
        "python": platform.python_version(), "system": platform.system(),
        "naslib_edd": __version__,
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }  # fmt: skip


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit(checkout: Path) -> str:
    """The commit of a checkout, or ``unknown``."""
    try:
        command = ["git", f"--git-dir={checkout / '.git'}", "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
