"""The whole benchmark, in pieces, and the record of it all."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from naslib_edd.supernet.native.targets import no_bf16
from racing import alone, auto, curves, goals, gpu
from racing.compare import compare, compare_memory
from racing.entrants import Entrant, lineup, races
from racing.pieces import Piece, run_pieces
from racing.race import engines, ticks
from racing.shape import Record, Tick
from racing.surroundings import commit, surroundings


def measure(options: argparse.Namespace, out: Path, console: Console) -> Record:
    """All pieces that ``out`` does not hold yet; see :func:`racing.pieces.run_pieces`."""
    on_gpu = options.device == "cuda"
    pieces = gpu.make_pieces(options) if on_gpu else make_pieces(options)
    aims = gpu.aims(options.batch_sizes) if on_gpu else [*goals.aims(options.methods), *auto.aims()]
    found = gpu.measured if on_gpu else measured
    bar = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
        auto_refresh=False,  # a thread that draws would take time from the steps
    )  # fmt: skip
    with bar:
        task = bar.add_task("building", total=sum(piece.ticks for piece in pieces.values()))
        head = surroundings(options)
        return run_pieces(
            pieces,
            out,
            head=head,
            settings=_settings(options, head),
            finish=lambda record: {"goals": goals.judge(aims, found(record["pieces"]))},
            tell=partial(console.print, highlight=False, markup=False, soft_wrap=True),
            tick=lambda done: bar.update(task, advance=1, description=f"{done:<56}", refresh=True),
            most=options.pieces,
        )


def make_pieces(options: argparse.Namespace) -> dict[str, Piece]:
    """Those of a CPU, by name, in the order in which they are run."""
    found: dict[str, Piece] = {}
    if options.startup:
        found["start-up"] = Piece(_startup, len(alone.COMMANDS) * (alone.STARTS + 1))
    if options.memory:
        for one in lineup(options.methods, rivals=options.rivals):
            if one.kind != "floor":  # its trials hold more than a step does
                found[f"memory, {one.name}"] = Piece(partial(_memory, one, options))
    half = no_bf16() is None
    for name, entrants in races(options.methods, rivals=options.rivals, half=half).items():
        work = partial(_race, entrants, options)
        found[f"race, {name}"] = Piece(work, ticks(entrants, options))
    if options.curves:
        for axis in curves.AXES:
            work = partial(curves.curve, axis, options)
            found[f"curve over {axis}"] = Piece(work, curves.ticks(axis, options))
    return found | (auto.make_pieces() if options.auto else {})


def _startup(tick: Tick) -> Record:
    return {"kind": "startup", "rows": alone.startup(tick)}


def _memory(entrant: Entrant, options: argparse.Namespace, tick: Tick) -> Record:
    found = alone.peak_rss(entrant, options.shape, options)
    tick("peak")
    return {"kind": "memory", "engine": entrant.name, **found}


def _race(entrants: list[Entrant], options: argparse.Namespace, tick: Tick) -> Record:
    rows, floor = engines(entrants, options, tick)
    ratios = compare(entrants, {name: row["seconds"] for name, row in rows.items()})
    return {"kind": "race", "engines": rows, "floor": floor, "ratios": ratios}


def of_kind(pieces: Mapping[str, Record], kind: str) -> list[Record]:
    """The pieces of one kind."""
    return [piece for piece in pieces.values() if piece["kind"] == kind]


def measured(pieces: Mapping[str, Record]) -> dict[str, float]:
    """What a CPU's goals may be about, by label; of a ratio measured twice, the last."""
    ratios = [row for piece in pieces.values() for row in piece.get("ratios", ())]
    ratios += compare_memory({row["engine"]: row for row in of_kind(pieces, "memory")})
    values: dict[str, float] = {row["label"]: row["median"] for row in ratios}
    for row in of_kind(pieces, "curve"):
        for what, exponent in row["exponents"].items():
            values[goals.exponent_label(what, row["axis"])] = exponent
    for piece in of_kind(pieces, "startup"):
        values |= {f"{row['name']}, s": row["median"] for row in piece["rows"]}
    return values


def _settings(options: argparse.Namespace, head: Record) -> Record:
    """What a record must have in common with a run that goes on with it."""
    names = ["methods", "repeats", "sampled_repeats", "warmup", "device"]
    names += ["batch_sizes"] if options.device == "cuda" else ["threads", "allocator"]
    shape = asdict(options.shape)
    if options.device == "cuda":
        del shape["batch_size"]
    return {
        **shape, **{name: getattr(options, name) for name in names},
        **{name: commit(getattr(options, name)) for name in ("autodl", "naslib")},
        **{name: head[name] for name in ("processor", "isa", "gpu", "torch", "naslib_edd")},
        "kernels": head["kernels"], "cudnn_tf32": torch.backends.cudnn.allow_tf32,
    }  # fmt: skip
