"""Entrants in turn, round by round, and a row of the record for each."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from racing.compare import multiples
from racing.entrants import Entrant, bilevel_step
from racing.floor import floor_step
from racing.rivals import autodl_step, naslib_step
from racing.shape import Record, Shape, Step, Tick, summary, timed


def build(
    entrant: Entrant, shape: Shape, options: argparse.Namespace, device: torch.device
) -> tuple[Step, list[Record]]:
    """An entrant's step; for the floor, its passes too."""
    if entrant.kind == "floor":
        return floor_step(shape, device, precision=entrant.precision)
    if entrant.kind == "autodl":
        return autodl_step(Path(options.autodl), shape, device), []
    if entrant.kind == "naslib":
        assert entrant.method is not None
        return naslib_step(Path(options.naslib), entrant.method, shape, device), []
    return bilevel_step(entrant, shape, device), []


def race(
    steps: Mapping[str, Step],
    *,
    rounds: int,
    device: torch.device,
    tick: Tick,
    swapped: Sequence[str] = (),
) -> dict[str, list[float]]:
    """Seconds of every step: round by round, each entrant once a round.

    The order is always that of ``steps``; but those in ``swapped`` come last, in turns in this
    order and in the reverse, so that over two rounds none of two has the better place.
    """
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    first = [name for name in steps if name not in swapped]
    for number in range(rounds):
        for name in [*first, *(swapped[::-1] if number % 2 else swapped)]:
            seconds[name].append(timed(steps[name], device))
            tick(f"round {number + 1}, {name}")
    return seconds


def ticks(entrants: Sequence[Entrant], options: argparse.Namespace) -> int:
    """How often :func:`engines` ticks."""
    return sum(options.warmup + _rounds(one.sampled, options) for one in entrants)


def _rounds(sampled: bool, options: argparse.Namespace) -> int:
    rounds: int = options.sampled_repeats if sampled else options.repeats
    return rounds


def engines(
    entrants: Sequence[Entrant], options: argparse.Namespace, tick: Tick
) -> tuple[dict[str, Record], Record]:
    """A row for each entrant, and what the floor is made of."""
    device = torch.device(options.device)
    rows: dict[str, Record] = {}
    steps: dict[str, Step] = {}
    floor: list[Record] = []
    for one in entrants:
        held = 0
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
            held = torch.cuda.memory_allocated()
        step, passes = build(one, options.shape, options, device)
        floor += passes
        warm = race({one.name: step}, rounds=options.warmup, device=device, tick=tick)
        rows[one.name] = {**asdict(one), "sampled": one.sampled, "device": options.device}
        rows[one.name]["warmup_seconds"] = warm[one.name]
        if device.type == "cuda" and one.kind != "floor":
            rows[one.name]["memory_mib"] = (torch.cuda.max_memory_allocated() - held) / 2**20
        steps[one.name] = step
    for sampled in (False, True):
        racing = {one.name: steps[one.name] for one in entrants if one.sampled is sampled}
        swapped = [one.name for one in entrants if one.sampled and one.kind == "fast"] * sampled
        rounds = _rounds(sampled, options)
        seconds = race(racing, rounds=rounds, device=device, tick=tick, swapped=swapped)
        for name, found in seconds.items():
            # Each half of a step has a batch of its own.
            images = 2 * options.shape.batch_size
            rows[name] |= {"seconds": found, **summary(found)}
            rows[name]["images_per_second"] = images / rows[name]["median"]
    for name, row in multiples(rows).items():
        rows[name]["multiples"] = row
    arithmetic = sum(row["flops"] * row["count"] for row in floor) / 1e9
    return rows, {"gflop": arithmetic, "passes": floor}
