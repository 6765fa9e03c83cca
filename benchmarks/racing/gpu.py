"""The benchmark of a GPU: races at two batch sizes in two precisions, and whole searches."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import torch

from naslib_edd.bilevel.graphed import WARM_UP
from naslib_edd.engine.build.step import host_work
from racing.alone import EPOCHS, searches
from racing.entrants import BASELINE, FAST, Entrant, config, field, samples
from racing.floor import copy_bandwidth, traffic
from racing.goals import Goal
from racing.pieces import Piece
from racing.race import engines
from racing.shape import Record, Tick

PRECISIONS = ("fp32", "bf16")
#: Of the comparison of one seed with several: few, all of them run.
SEEDS, SEED_EPOCHS = 4, 3
#: Batch size → at least so many times faster than AutoDL; at most so many seconds of a search.
FASTER, SEARCH_SECONDS = {64: 15.0, 256: 6.0}, {64: 150.0, 256: 80.0}
SEEDS_RATIO = 2.0
#: What a search runs on by default, in the quicker precision: the engine that the goals are about.
BEST = FAST(method=BASELINE, precision="bf16", graph=True).name


def lineup_gpu(
    options: argparse.Namespace, precision: str, *, graphs: bool = True
) -> list[Entrant]:
    """A race's entrants. Rivals and the plain supernet run as they are: eagerly, in fp32.

    ``graphs``: a method whose step can be one graph races with it, too.
    """
    dense = []
    for method in [one for one in options.methods if not samples(one)]:
        dense.append(FAST(method=method, precision=precision))
        if graphs and host_work(config(method, "fast", options.shape).search) is None:
            dense.append(FAST(method=method, precision=precision, graph=True))
    if BASELINE in options.methods:
        dense.append(Entrant(kind="plain", layout="contiguous", method=BASELINE))
    return field(dense, options.methods, options.rivals, precision)


def race_piece(options: argparse.Namespace, batch: int, precision: str, tick: Tick) -> Record:
    """Step times and memory of a race; what a step moves at the least, beside what it took."""
    options = argparse.Namespace(**vars(options))
    options.shape = replace(options.shape, batch_size=batch)
    options.warmup = max(options.warmup, WARM_UP + 2)  # the capture does not count
    device = torch.device(options.device)
    bandwidth = copy_bandwidth(device)
    entrants = lineup_gpu(options, precision, graphs=device.type == "cuda")
    rows, floor = engines(entrants, options, tick)
    least = traffic(options.shape, precision, bandwidth)
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()  # the searches to come are other processes
    for row in rows.values():
        if row["kind"] == "fast" and not row["sampled"]:
            row["of_bandwidth"] = least["seconds"] / row["median"]
    return {
        "kind": "race", "batch_size": batch, "precision": precision, "engines": rows,
        "floor": floor, "traffic": least,
    }  # fmt: skip


def search_piece(options: argparse.Namespace, batch: int, tick: Tick) -> Record:
    """A whole search, in bf16, its steps as one graph where the engine can."""
    (found,) = searches(options, batch)
    tick("done")
    return {"kind": "search", "batch_size": batch, **found}


def seeds_piece(options: argparse.Namespace, batch: int, tick: Tick) -> Record:
    """The epochs of four searches at once beside those of one alone."""
    run = partial(searches, options, batch, run_epochs=SEED_EPOCHS)
    (alone,), together = run(), run(seeds=SEEDS)
    tick("done")
    ratio = max(sum(one["seconds"]) for one in together) / sum(alone["seconds"])
    return {"kind": "seeds", "alone": alone, "together": together, "ratio": ratio}


def make_pieces(options: argparse.Namespace) -> dict[str, Piece]:
    """All of them, by name, in the order in which they are run."""
    found: dict[str, Piece] = {}
    for precision in PRECISIONS:
        for batch in options.batch_sizes:
            name = f"race, {precision}, batch {batch}"
            found[name] = Piece(partial(race_piece, options, batch, precision))
    for batch in options.batch_sizes:
        found[f"search, batch {batch}"] = Piece(partial(search_piece, options, batch))
    first = options.batch_sizes[0]
    found[f"{SEEDS} seeds, batch {first}"] = Piece(partial(seeds_piece, options, first))
    return found


def aims(batches: Sequence[int]) -> list[Goal]:
    """The goals of a GPU; those for other batch sizes than these are left out."""
    found = []
    for batch in batches:
        if batch in FASTER:
            label = f"{BEST} / AutoDL, batch {batch}"
            found.append(Goal(label, 1 / FASTER[batch], "--autodl and --methods darts_v1"))
            label = f"search of {EPOCHS} epochs, batch {batch}, s"
            found.append(Goal(label, SEARCH_SECONDS[batch], "its piece"))
    return [*found, Goal(f"{SEEDS} seeds at once / one", SEEDS_RATIO, "its piece")]


def measured(pieces: Mapping[str, Record]) -> dict[str, float]:
    """What the goals are about, of the pieces so far."""
    found: dict[str, float] = {}
    for piece in pieces.values():
        if piece["kind"] == "race":
            rows = piece["engines"]
            if BEST in rows and f"autodl:{BASELINE}" in rows:
                ratio = rows[BEST]["median"] / rows[f"autodl:{BASELINE}"]["median"]
                found[f"{BEST} / AutoDL, batch {piece['batch_size']}"] = ratio
        elif piece["kind"] == "search":
            label = f"search of {piece['epochs']} epochs, batch {piece['batch_size']}, s"
            found[label] = piece["total"]
        else:
            found[f"{SEEDS} seeds at once / one"] = piece["ratio"]
    return found
