"""Whole searches, a process each: alone, or several at once."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import torch

from naslib_edd.config.loading import load
from naslib_edd.config.settings import Config
from naslib_edd.data.loading import ImageSet, SearchData
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import open_data
from naslib_edd.errors import DataMissing, UserError
from racing.shape import Record, timed

SCRIPT = Path(__file__).parents[1] / "speed.py"
METHOD = "edd_darts"
#: A search that would take longer is broken off, and extrapolated.
LIMIT_SECONDS = 170.0
#: Random images of CIFAR-10's number and size, in each half.
IMAGES = 25_000


def searches(options: argparse.Namespace, *, seeds: int = 1, **search: object) -> list[Record]:
    """What :func:`own_search` of ``seeds`` processes at once has to say.

    Raises:
        UserError: one of them fails.
    """
    command = [sys.executable, str(SCRIPT), f"--device={options.device}"]
    command += [f"--channels={options.channels}", f"--cells={options.cells}"]
    running = [
        subprocess.Popen(
            [*command, "--search-of", json.dumps({**search, "seed": seed})],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(seeds)
    ]
    found: list[Record] = []
    try:
        for process in running:
            out, err = process.communicate()
            if process.returncode:
                reason = (err.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
                raise UserError(f"a search failed: {reason}")
            found.append(json.loads(out))
    finally:
        for process in running:
            process.kill()
    return found


def own_search(options: argparse.Namespace) -> Record:
    """In such a process: a search by the engine, as ``naslib-edd search`` runs it without a table.

    Returns:
        Seconds of every epoch (pass of the discretised network included), those before the first,
        which path the steps took, which images, and ``total``: the search's seconds, which are
        ``extrapolated`` where not all epochs were run.
    """
    began = time.perf_counter()
    wanted = json.loads(options.search_of)
    device = torch.device(options.device)
    search = {
        **{"channels": options.channels, "cells": options.cells},
        **{"batch_size": wanted["batch_size"], "precision": wanted["precision"]},
        **{"split": "halves", "epochs": wanted["epochs"]},
    }
    config = load(
        {"optimizer": METHOD, "dataset": "cifar10", "seed": wanted["seed"], "search": search}
    )
    data, images = _images(config, device, wanted.get("images", IMAGES))
    engine = Engine(config=config, data=data, device=device)
    before = time.perf_counter() - began
    path = str(engine.path)
    seconds: list[float] = []
    while not engine.finished:
        seconds.append(timed(lambda: _epoch(engine), device))
        enough = len(seconds) >= wanted.get("run_epochs", engine.epochs)
        # The first epoch warms up and captures: it says little about the rest.
        if enough or (len(seconds) == 2 and total(seconds, engine.epochs) > LIMIT_SECONDS):
            break
    return {
        **{"images": images, "path": path, "seed": wanted["seed"], "before": before},
        **{"epochs": engine.epochs, "seconds": seconds},
        **{"total": before + total(seconds, engine.epochs)},
        "extrapolated": len(seconds) < engine.epochs,
    }


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
        source = torch.Generator().manual_seed(0)

    def half() -> ImageSet:
        images = torch.randint(256, (count, 3, 32, 32), dtype=torch.uint8, generator=source)
        labels = torch.randint(10, (count,), generator=source)
        return ImageSet(images.to(device), labels.to(device))

    grey = (127.5, 127.5, 127.5)
    data = SearchData(
        name="cifar10",
        classes=10,
        mean=grey,
        std=(73.9, 73.9, 73.9),
        train=half(),
        val=half(),
        test=None,
        split="halves",
        source="random",
    )
    return data, "random images of CIFAR-10's number and size"
