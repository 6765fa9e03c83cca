"""How the fast engine's step grows with N, the batch and C: time, memory, and the power law."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from naslib_edd.report.style import GREY, house_style, line_style, new_figure, save_figure
from racing.compare import net_memory, summary
from racing.entrants import BASELINE, Entrant, bilevel_step
from racing.memory import begin_memory, gpu_peak, peak_rss
from racing.race import race
from racing.shape import Record, Shape

#: Along an axis, the other two stay at these values.
FIXED = {"cells": 1, "batch_size": 16, "channels": 16}
AXES: Mapping[str, Sequence[int]] = {
    "cells": (1, 2, 4, 8),
    "batch_size": (16, 32, 64, 128),
    "channels": (8, 16, 32, 64),
}
ENTRANT = Entrant(kind="fast", layout="channels_last", method=BASELINE)
_NAMES = {"cells": "cells a stage N", "batch_size": "batch", "channels": "channels C"}


def shapes(size: int) -> dict[str, list[Shape]]:
    """The shapes along each axis, for images of ``size``."""
    base = Shape(**FIXED, size=size)
    return {
        axis: [replace(base, **{axis: value}) for value in values] for axis, values in AXES.items()
    }


def ticks(options: argparse.Namespace) -> int:
    """How often :func:`memories` and :func:`curves` tick, together."""
    points = sum(map(len, AXES.values()))
    apart = len(_distinct(options)) if options.device == "cpu" else 0
    return apart + points * (options.warmup + options.repeats)


def memories(options: argparse.Namespace, tick: Callable[[str], None]) -> dict[Shape, Record]:
    """Peak memory of each shape, a process each. To be called before any engine is built."""
    found = {}
    for shape in _distinct(options):
        found[shape] = peak_rss(ENTRANT, shape, options)
        tick(f"memory of a curve, C={shape.channels} N={shape.cells} batch {shape.batch_size}")
    return found


def curves(
    options: argparse.Namespace, memory: Mapping[Shape, Record], tick: Callable[[str], None]
) -> list[Record]:
    """For each axis: every point's timings, round by round, its memory, and the exponents."""
    device = torch.device(options.device)
    found: list[Record] = []
    for axis, along in shapes(options.shape.size).items():
        points: list[Record] = []
        steps = {}
        for shape in along:
            held = begin_memory(device)
            name = f"{axis} {getattr(shape, axis)}"
            steps[name] = bilevel_step(ENTRANT, shape, device)
            race({name: steps[name]}, rounds=options.warmup, device=device, tick=tick)
            peak = gpu_peak(held) if device.type == "cuda" else memory[shape]
            points.append({**asdict(shape), **peak})
        seconds = race(steps, rounds=options.repeats, device=device, tick=tick)
        for point, row in zip(points, seconds.values(), strict=True):
            point.update({"seconds": row, **summary(row)})
        values = list(AXES[axis])
        exponents = {"time": exponent(values, [point["median"] for point in points])}
        net = [net_memory(point) for point in points]
        if min(net) > 0:  # a network may be too small to show
            exponents["memory"] = exponent(values, net)
        names = {"axis": axis, "values": values, "engine": ENTRANT.name}
        found.append({**names, "points": points, "exponents": exponents})
    return found


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """p of the power law y ∝ x^p: the slope of the least-squares line through the logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def draw(rows: Sequence[Record], path: Path) -> Path:
    """The curves as a PNG: time above, memory below, an axis a column, all logarithmic."""
    with house_style():
        figure = new_figure(8.0, 4.6, title=f"One bilevel step, {ENTRANT.name}")
        panels = figure.subplots(2, len(rows), squeeze=False)
        for column, row in enumerate(rows):
            points = row["points"]
            measures = {
                "time": ("ms", [1e3 * point["median"] for point in points]),
                "memory": ("MiB", [net_memory(point) for point in points]),
            }
            for number, (what, (unit, y)) in enumerate(measures.items()):
                axes, power = panels[number][column], row["exponents"].get(what)
                axes.set_xscale("log", base=2)
                if min(y) > 0:
                    axes.set_yscale("log")
                axes.plot(row["values"], y, "o", color=line_style(number)[0])
                if power is not None:
                    fit = np.exp(np.mean(np.log(y)) + power * _centred(row["values"]))
                    axes.plot(row["values"], fit, "--", color=GREY, label=f"exponent {power:.2f}")
                    axes.legend()
                axes.set_xticks(row["values"], [str(value) for value in row["values"]])
                axes.set_xlabel(_NAMES[row["axis"]])
                axes.set_ylabel(f"{what}, {unit}")
        return save_figure(figure, path)


def _centred(x: Sequence[float]) -> np.ndarray:
    logs: np.ndarray = np.log(x)
    return logs - logs.mean()


def _distinct(options: argparse.Namespace) -> list[Shape]:
    every = [shape for along in shapes(options.shape.size).values() for shape in along]
    return list(dict.fromkeys(every))
