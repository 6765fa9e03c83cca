"""What is measured in a process of its own: an engine's peak memory, whole searches, start-up."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median

import torch

from naslib_edd.config.loading import load
from naslib_edd.config.settings import Config
from naslib_edd.data.loading import SearchData
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import open_data
from naslib_edd.errors import DataMissing, UserError
from racing.entrants import RIVALS, Entrant, random_images
from racing.race import build
from racing.shape import Record, Shape, Tick, summary, timed

SCRIPT = Path(__file__).parents[1] / "speed.py"
METHOD = "edd_darts"
#: A search that would take longer is broken off, and extrapolated.
LIMIT_SECONDS = 170.0
#: Random images of CIFAR-10's number and size, in each half.
IMAGES = 25_000
STARTS = 9
#: What the console script `naslib-edd` does.
_MAIN = "import sys; from naslib_edd.cli.commands import main; sys.exit(main())"
#: Name → arguments of Python. The names are those of the goals; Python alone has none.
COMMANDS = {
    "python": ["-c", "pass"],
    "import naslib_edd": ["-c", "import naslib_edd"],
    "naslib-edd --help": ["-c", _MAIN, "--help"],
    "naslib-edd query": ["-c", _MAIN, "query", "6111", "--table", "digits"],
}


def run_alone(tasks: list[Record], options: list[str], what: str) -> list[Record]:
    """The answers of as many processes at once, each of ``speed.py`` with these options.

    Raises:
        UserError: one of them fails; ``what`` says in what it did.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, str(SCRIPT), *options, "--alone"]
    running = [subprocess.Popen([*command, json.dumps(task)], **pipes) for task in tasks]  # type: ignore[call-overload]
    found: list[Record] = []
    try:
        for process in running:
            out, err = process.communicate()
            if process.returncode:
                reason = (err.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
                raise UserError(f"{what}: {reason}")
            found.append(json.loads(out))
    finally:
        for process in running:
            process.kill()
    return found


def answer(options: argparse.Namespace) -> Record:
    """In such a process: what its task asks for."""
    task = json.loads(options.alone)
    return own_rss(task, options) if "entrant" in task else own_search(task, options)


def peak_rss(entrant: Entrant, shape: Shape, options: argparse.Namespace) -> Record:
    """Peak memory, MiB, of a process that does nothing but this entrant's steps.

    Linux hands a process's peak on to what it starts: so no engine is built here before.
    """
    assert entrant.method is not None
    given = [f"--threads={options.threads}", f"--allocator={options.allocator}"]
    given += [f"--{name.replace('_', '-')}={value}" for name, value in asdict(shape).items()]
    if entrant.kind in RIVALS:  # no other is imported
        given.append(f"--{entrant.kind}={getattr(options, entrant.kind)}")
    failed = f"the memory of {entrant.name} could not be measured"
    given += ["--methods", entrant.method]
    (found,) = run_alone([{"entrant": asdict(entrant)}], given, failed)
    return found


def own_rss(task: Record, options: argparse.Namespace) -> Record:
    """Resident memory before two steps and at their peak, MiB."""
    before = _held_now()
    entrant = Entrant(**task["entrant"])
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
        return _status("VmRSS")
    except OSError:
        return _peak()


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


def searches(options: argparse.Namespace, *, seeds: int = 1, **search: object) -> list[Record]:
    """What :func:`own_search` of ``seeds`` processes at once has to say."""
    names = ("device", "channels", "cells")
    given = [f"--{name}={getattr(options, name)}" for name in names]
    return run_alone([{**search, "seed": seed} for seed in range(seeds)], given, "a search failed")


def own_search(task: Record, options: argparse.Namespace) -> Record:
    """A search by the engine, as ``naslib-edd search`` runs it without a table.

    Returns:
        Seconds of every epoch (pass of the discretised network included), those before the first,
        which path the steps took, which images, and ``total``: the search's seconds, which are
        ``extrapolated`` where not all epochs were run.
    """
    began = time.perf_counter()
    device = torch.device(options.device)
    search = {"channels": options.channels, "cells": options.cells, "split": "halves"}
    search |= {name: task[name] for name in ("batch_size", "precision", "epochs")}
    about = {"optimizer": METHOD, "dataset": "cifar10", "seed": task["seed"]}
    config = load({**about, "search": search})
    data, images = _images(config, device, task.get("images", IMAGES))
    engine = Engine(config=config, data=data, device=device)
    before = time.perf_counter() - began
    path = str(engine.path)
    seconds: list[float] = []
    while not engine.finished:
        seconds.append(timed(lambda: _epoch(engine), device))
        enough = len(seconds) >= task.get("run_epochs", engine.epochs)
        # The first epoch warms up and captures: it says little about the rest.
        if enough or (len(seconds) == 2 and total(seconds, engine.epochs) > LIMIT_SECONDS):
            break
    return {
        "images": images, "path": path, "seed": task["seed"], "before": before,
        "epochs": engine.epochs, "seconds": seconds,
        "total": before + total(seconds, engine.epochs),
        "extrapolated": len(seconds) < engine.epochs,
    }  # fmt: skip


def total(seconds: list[float], epochs: int) -> float:
    """All epochs' seconds; those that were not run count as the median of those after the first."""
    missing = epochs - len(seconds)
    return sum(seconds) + (missing * median(seconds[1:] or seconds) if missing else 0.0)


def _epoch(engine: Engine) -> None:
    for _ in range(engine.steps):
        engine.run_step()
    engine.end_epoch()


def _images(config: Config, device: torch.device, count: int) -> tuple[SearchData, str]:
    """CIFAR-10 if the environment names it, else as many random images; and which of the two."""
    try:
        return open_data(config, device), "CIFAR-10"
    except DataMissing:
        return random_images(count, 32, device), "random images of CIFAR-10's number and size"


def startup(tick: Tick) -> list[Record]:
    """Median seconds of each command, taken in turn, after one run of each that does not count.

    Raises:
        UserError: a command fails.
    """
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(STARTS + 1):
        for name, arguments in COMMANDS.items():
            began = time.perf_counter()
            done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
            took = time.perf_counter() - began
            if done.returncode:
                raise UserError(f"--startup: `{name}` ended with exit code {done.returncode}")
            if number:
                seconds[name].append(took)
            tick(f"start-up, {name}")
    return [{"name": name, "seconds": found, **summary(found)} for name, found in seconds.items()]
