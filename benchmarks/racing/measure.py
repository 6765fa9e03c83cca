"""The whole benchmark, and the record of it all."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from racing import curves, goals, startup
from racing.build import build
from racing.compare import compare, compare_memory, multiples, summary
from racing.entrants import Entrant, lineup
from racing.memory import begin_memory, gpu_peak, peak_rss
from racing.race import race
from racing.shape import Record, Step
from racing.surroundings import commit, surroundings

Tick = Callable[[str], None]


def measure(options: argparse.Namespace, console: Console) -> Record:
    """All that the options ask for. What needs a process of its own comes before any engine."""
    entrants = lineup(options.methods, rivals=options.rivals)
    apart = [one for one in entrants if options.memory and options.device == "cpu"]
    apart = [one for one in apart if one.kind != "floor"]  # its trials hold more than a step does
    total = len(apart) + sum(options.warmup + _rounds(one, options) for one in entrants)
    total += len(startup.COMMANDS) * (startup.RUNS + 1) if options.startup else 0
    total += curves.ticks(options) if options.curves else 0
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
        auto_refresh=False,  # a thread that draws would take time from the steps
    )  # fmt: skip
    with bar:
        task = bar.add_task("building", total=total)

        def tick(done: str) -> None:
            bar.update(task, advance=1, description=f"{done:<42}", refresh=True)

        started = startup.startup(tick) if options.startup else None
        memory = {}
        for one in apart:
            memory[one.name] = peak_rss(one, options.shape, options)
            tick(f"memory, {one.name}")
        separate = options.curves and options.device == "cpu"
        of_curves = curves.memories(options, tick) if separate else {}
        rows, floor = engines(entrants, options, tick)
        curved = curves.curves(options, of_curves, tick) if options.curves else None
    for name, found in memory.items():
        rows[name].update(found)
    seconds = {name: row["seconds"] for name, row in rows.items()}
    record = {
        **surroundings(options),
        "settings": _settings(options),
        "engines": rows,
        "ratios": compare(entrants, seconds) + compare_memory(rows),
        "floor": floor,
        "curves": curved,
        "startup": started,
    }
    record["goals"] = goals.judge(goals.aims(options.methods), goals.measured(record))
    return record


def engines(
    entrants: list[Entrant], options: argparse.Namespace, tick: Tick
) -> tuple[dict[str, Record], Record]:
    """A row for each entrant, and what the floor is made of."""
    device = torch.device(options.device)
    rows: dict[str, Record] = {}
    steps: dict[str, Step] = {}
    floor: list[Record] = []
    for one in entrants:
        held = begin_memory(device)
        step, passes = build(one, options.shape, options, device)
        floor += passes
        warm = race({one.name: step}, rounds=options.warmup, device=device, tick=tick)
        rows[one.name] = {**asdict(one), "sampled": one.sampled, "device": options.device}
        rows[one.name]["warmup_seconds"] = warm[one.name]
        if device.type == "cuda" and one.kind != "floor":
            rows[one.name].update(gpu_peak(held))
        steps[one.name] = step
    seconds: dict[str, list[float]] = {}
    for sampled, rounds in ((False, options.repeats), (True, options.sampled_repeats)):
        racing = {one.name: steps[one.name] for one in entrants if one.sampled is sampled}
        own = [one.name for one in entrants if one.sampled and one.kind == "fast"]
        swapped = own if sampled else []
        seconds |= race(racing, rounds=rounds, device=device, tick=tick, swapped=swapped)
    for name, found in seconds.items():
        rows[name].update({"seconds": found, **summary(found)})
        # Each half of a step has a batch of its own.
        rows[name]["images_per_second"] = 2 * options.shape.batch_size / rows[name]["median"]
    for name, row in multiples(rows).items():
        rows[name]["multiples"] = row
    arithmetic = sum(row["flops"] * row["count"] for row in floor) / 1e9
    return rows, {"gflop": arithmetic, "passes": floor}


def commits(options: argparse.Namespace) -> Record:
    """Of the rivals' checkouts."""
    return {"autodl": commit(options.autodl), "naslib": commit(options.naslib)}


def _rounds(entrant: Entrant, options: argparse.Namespace) -> int:
    rounds: int = options.sampled_repeats if entrant.sampled else options.repeats
    return rounds


def _settings(options: argparse.Namespace) -> Record:
    names = ("methods", "repeats", "sampled_repeats", "warmup", "threads", "device", "memory")
    return {
        **asdict(options.shape), "dtype": "float32",
        **{name: getattr(options, name) for name in names},
        "allocator": options.allocator,
        **commits(options),
        "cudnn_tf32": torch.backends.cudnn.allow_tf32,
    }  # fmt: skip
