"""What is measured in a process of its own: an engine's peak memory, whole searches, start-up."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import torch

from naslib_edd.cli.allocator import keep_freed_memory
from naslib_edd.config.loading import load
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import open_data
from naslib_edd.errors import DataMissing, UserError
from racing.entrants import RIVALS, Entrant, random_images
from racing.race import build
from racing.rivals import check_rival
from racing.shape import Record, Shape, Tick, summary, timed

METHOD = "edd_darts"
EPOCHS = 50
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


def apart(
    work: Callable[..., Record], tasks: Sequence[tuple[Any, ...]], failed: str
) -> list[Record]:
    """What ``work`` finds for each task, all at once, each in a fresh process.

    Raises:
        UserError: one of them fails; ``failed`` says in what it did.
    """
    with ProcessPoolExecutor(len(tasks), get_context("spawn")) as pool:
        try:
            return list(pool.map(work, *zip(*tasks, strict=True)))
        except Exception as error:
            raise UserError(f"{failed}: {error}") from error


def settle(options: argparse.Namespace) -> bool:
    """Threads, and freed memory as in a search; whether it is kept: there may be no glibc."""
    torch.set_num_threads(options.threads)
    return options.allocator == "keep" and keep_freed_memory()


def peak_rss(entrant: Entrant, shape: Shape, options: argparse.Namespace) -> Record:
    """Peak memory, MiB, of a process that does nothing but two steps of this entrant.

    Linux hands a process's peak on to what it starts: so it is counted anew there.
    """
    failed = f"the memory of {entrant.name} could not be measured"
    (found,) = apart(own_rss, [(entrant, shape, options)], failed)
    return found


def own_rss(entrant: Entrant, shape: Shape, options: argparse.Namespace) -> Record:
    """In that process: resident memory after the imports, and at the peak of two steps."""
    settle(options)
    if entrant.kind in RIVALS:
        check_rival(entrant.kind, getattr(options, entrant.kind), shape)  # imports it
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        raise UserError("peak memory is read from Linux' /proc") from None
    before = _status("VmRSS")
    step, _ = build(entrant, shape, options, torch.device("cpu"))
    for _ in range(2):
        step()
    return {"memory_mib": _status("VmHWM"), "memory_before_mib": before}


def _status(field: str) -> float:
    """A field of /proc/self/status, MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith(f"{field}:")]
    return float(line.split()[1]) / 1024


def searches(
    options: argparse.Namespace, batch: int, *, seeds: int = 1, **search: int
) -> list[Record]:
    """What :func:`own_search` has to say in a process for each seed, all at once."""
    tasks = [(options, batch, seed) for seed in range(seeds)]
    return apart(partial(own_search, **search), tasks, "a search failed")


def own_search(
    options: argparse.Namespace,
    batch: int,
    seed: int,
    *,
    epochs: int = EPOCHS,
    run_epochs: int = EPOCHS,
    images: int = IMAGES,
) -> Record:
    """A search in bf16, as ``naslib-edd search`` runs it without a table.

    Returns:
        Seconds of every epoch (pass of the discretised network included), those before the first,
        which path the steps took, which images, and ``total``: the search's seconds, which are
        ``extrapolated`` where not all epochs were run.
    """
    began = time.perf_counter()
    device = torch.device(options.device)
    search = {"channels": options.channels, "cells": options.cells, "split": "halves"}
    search |= {"batch_size": batch, "precision": "bf16", "epochs": epochs}
    config = load({"optimizer": METHOD, "dataset": "cifar10", "seed": seed, "search": search})
    try:
        data, source = open_data(config, device), "CIFAR-10"
    except DataMissing:
        data = random_images(images, 32, device)
        source = "random images of CIFAR-10's number and size"
    engine = Engine(config=config, data=data, device=device)
    before = time.perf_counter() - began
    path = str(engine.path)
    seconds: list[float] = []
    while not engine.finished and len(seconds) < run_epochs:
        seconds.append(timed(lambda: _epoch(engine), device))
        # The first epoch warms up and captures: it says little about the rest.
        if len(seconds) == 2 and total(seconds, epochs) > LIMIT_SECONDS:
            break
    return {
        "images": source, "path": path, "seed": seed, "before": before,
        "epochs": epochs, "seconds": seconds, "total": before + total(seconds, epochs),
        "extrapolated": len(seconds) < epochs,
    }  # fmt: skip


def total(seconds: list[float], epochs: int) -> float:
    """All epochs' seconds; those that were not run count as the median of those after the first."""
    missing = epochs - len(seconds)
    return sum(seconds) + (missing * median(seconds[1:] or seconds) if missing else 0.0)


def _epoch(engine: Engine) -> None:
    for _ in range(engine.steps):
        engine.run_step()
    engine.end_epoch()


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
