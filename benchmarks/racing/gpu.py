"""The pieces of a GPU's benchmark: races at two batch sizes, whole searches."""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from naslib_edd.bilevel.graphed import WARM_UP
from naslib_edd.config.loading import load
from naslib_edd.engine.build.step import host_work
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import open_data
from naslib_edd.errors import DataMissing
from racing.compare import Goal
from racing.entrants import FAST, Entrant, races, random_images, timings
from racing.floor import copy_bandwidth, traffic
from racing.record import Piece
from racing.steps import DTYPES, Record, Shape, apart, timed

#: Epochs of a search.
EPOCHS = 50
#: Random images of CIFAR-10's number and size, in each half.
IMAGES = 25_000
#: Of the comparison of one seed with several: few epochs, all of them run.
SEEDS, SEED_EPOCHS = 4, 3
#: Batch size → at least so many times faster than AutoDL; at most so many seconds of a search.
FASTER, SEARCH_SECONDS = {64: 15.0, 256: 6.0}, {64: 150.0, 256: 80.0}
SEEDS_RATIO, SEEDS_LABEL = 2.0, f"{SEEDS} seeds at once / one"
#: What a search runs on by default, in the quicker precision: the engine that the goals are about.
BEST = "fast:bf16:graph"


def make_pieces(options: argparse.Namespace) -> dict[str, Piece]:
    """All of them, by name, in the order in which they are run."""
    batches, found = options.batch_sizes, dict[str, Piece]()
    grouped = races(options.methods, options.rivals, fast=partial(fast, options.shape))
    for batch in batches:
        for name, entrants in grouped.items():
            found[f"race, {name}, batch {batch}"] = partial(timed_race, entrants, options, batch)
    for batch in batches:
        found[f"search, batch {batch}"] = partial(search, options, batch)
    return found | {f"{SEEDS} seeds, batch {batches[0]}": partial(seeds, options, batches[0])}


def aims(batches: Sequence[int]) -> list[Goal]:
    """The goals of a run; those for other batch sizes than these are left out."""
    found = []
    for batch in [batch for batch in batches if batch in FASTER]:
        needs = "--autodl and --methods darts_v1"
        found.append(Goal(f"{BEST} / AutoDL, batch {batch}", 1 / FASTER[batch], needs))
        found.append(Goal(search_label(batch), SEARCH_SECONDS[batch], "its piece"))
    return [*found, Goal(SEEDS_LABEL, SEEDS_RATIO, "its piece")]


def search_label(batch: int) -> str:
    """What a search's seconds are called."""
    return f"search of {EPOCHS} epochs, batch {batch}, s"


def fast(shape: Shape, method: str) -> list[Entrant]:
    """The fast engine in both precisions, step by step, and as one graph where a step can be.

    Rivals and the plain supernet run as they are: eagerly, in fp32.
    """
    graphs = [False] if host_work(shape.config(method, "fast").search) else [False, True]
    return [FAST(method=method, precision=p, graph=graph) for p in DTYPES for graph in graphs]


def timed_race(entrants: list[Entrant], options: argparse.Namespace, batch: int) -> Record:
    """Step times and memory of a race; what a step moves at the least, beside what it took."""
    options = argparse.Namespace(**vars(options))
    options.shape = replace(options.shape, batch_size=batch)
    options.warmup = max(options.warmup, WARM_UP + 2)  # the capture does not count
    device = torch.device(options.device)
    bandwidth = copy_bandwidth(device)
    found = timings(entrants, options, f", batch {batch}")
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()  # the searches to come are other processes
    for row in found["engines"].values():
        if row["kind"] == "fast" and not row["sampled"]:
            moved = traffic(options.shape, row["precision"])
            row |= {"bytes": moved, "of_bandwidth": moved / bandwidth / row["median"]}
    return {**found, "batch_size": batch, "bandwidth": bandwidth}


def search(options: argparse.Namespace, batch: int, **fewer: int) -> Record:
    """A whole search; ``fewer`` images or epochs make it a trial (see :func:`own_search`)."""
    (found,) = searches(options, batch, **fewer)
    row = {"label": search_label(batch), "median": found["total"]}
    return {"kind": "search", "batch_size": batch, **found, "numbers": [row]}


def seeds(options: argparse.Namespace, batch: int, **fewer: int) -> Record:
    """The epochs of several searches at once beside those of one alone."""
    run = partial(searches, options, batch, **{"run_epochs": SEED_EPOCHS, **fewer})
    (alone,), together = run(), run(number=SEEDS)
    slowest = max(sum(one["seconds"]) for one in together)
    row = {"label": SEEDS_LABEL, "median": slowest / sum(alone["seconds"])}
    return {"kind": "seeds", "alone": alone, "together": together, "numbers": [row]}


def searches(
    options: argparse.Namespace, batch: int, *, number: int = 1, **more: Any
) -> list[Record]:
    """What :func:`own_search` finds with so many seeds at once, a process each."""
    tasks = [(options, batch, seed) for seed in range(number)]
    return apart(options, partial(own_search, **more), tasks, "a search failed")


def own_search(
    options: argparse.Namespace,
    batch: int,
    seed: int,
    *,
    epochs: int = EPOCHS,
    run_epochs: int = EPOCHS,
    images: int = IMAGES,
) -> Record:
    """EDD-DARTS in bf16, its steps as one graph where the engine can, without a table.

    Returns:
        Seconds of every epoch (pass of the discretised network included), those before the first,
        and all; which path the steps took, and which images.
    """
    began = time.perf_counter()
    device = torch.device(options.device)
    settings = {"channels": options.channels, "cells": options.cells, "split": "halves"}
    settings |= {"batch_size": batch, "precision": "bf16", "epochs": epochs}
    names = {"optimizer": "edd_darts", "dataset": "cifar10", "seed": seed}
    config = load({**names, "search": settings})
    try:
        data, source = open_data(config, device), "CIFAR-10"
    except DataMissing:
        data = random_images(images, 32, device)
        source = "random images of CIFAR-10's number and size"
    engine = Engine(config=config, data=data, device=device)
    before = time.perf_counter() - began
    seconds: list[float] = []
    while not engine.finished and len(seconds) < run_epochs:
        seconds.append(timed(lambda: _epoch(engine), device))
    about = {"images": source, "path": str(engine.path), "seed": seed, "epochs": len(seconds)}
    return {**about, "before": before, "seconds": seconds, "total": before + sum(seconds)}


def _epoch(engine: Engine) -> None:
    for _ in range(engine.steps):
        engine.run_step()
    engine.end_epoch()
