"""How the fast engine's step grows with N, the batch and C: time, memory, and the power law."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from naslib_edd.report.style import GREY, house_style, line_style, new_figure, save_figure
from racing.alone import peak_rss
from racing.compare import net_memory
from racing.entrants import BASELINE, FAST, bilevel_step
from racing.race import race
from racing.shape import Record, Shape, Step, Tick, summary

#: Along an axis, the other two stay at these values.
FIXED = {"cells": 1, "batch_size": 16, "channels": 16}
AXES: Mapping[str, Sequence[int]] = {
    "cells": (1, 2, 4, 8),
    "batch_size": (16, 32, 64, 128),
    "channels": (8, 16, 32, 64),
}
ENTRANT = FAST(method=BASELINE)
_NAMES = {"cells": "cells a stage N", "batch_size": "batch", "channels": "channels C"}


def shapes(size: int) -> dict[str, list[Shape]]:
    """The shapes along each axis, for images of ``size``."""
    base = Shape(**FIXED, size=size)
    return {
        axis: [replace(base, **{axis: value}) for value in values] for axis, values in AXES.items()
    }


def ticks(axis: str, options: argparse.Namespace) -> int:
    """How often :func:`curve` ticks."""
    return len(AXES[axis]) * (1 + options.warmup + options.repeats)


def curve(axis: str, options: argparse.Namespace, tick: Tick) -> Record:
    """Along an axis: every point's timings, round by round, its memory, and the exponents.

    A point's memory is that of a process of its own.
    """
    cpu = torch.device("cpu")
    points: list[Record] = []
    steps: dict[str, Step] = {}
    for shape in shapes(options.shape.size)[axis]:
        points.append({**asdict(shape), **peak_rss(ENTRANT, shape, options)})
        tick(f"memory, {getattr(shape, axis)}")
        name = f"{axis} {getattr(shape, axis)}"
        steps[name] = bilevel_step(ENTRANT, shape, cpu)
        race({name: steps[name]}, rounds=options.warmup, device=cpu, tick=tick)
    seconds = race(steps, rounds=options.repeats, device=cpu, tick=tick)
    for point, row in zip(points, seconds.values(), strict=True):
        point.update({"seconds": row, **summary(row)})
    values = list(AXES[axis])
    exponents = {"time": exponent(values, [point["median"] for point in points])}
    net = [net_memory(point) for point in points]
    if min(net) > 0:  # a network may be too small to show
        exponents["memory"] = exponent(values, net)
    names = {"kind": "curve", "axis": axis, "values": values, "engine": ENTRANT.name}
    return {**names, "points": points, "exponents": exponents}


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """p of the power law y ∝ x^p: the slope of the least-squares line through the logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def draw(rows: Sequence[Record], path: Path) -> Path:
    """The curves as a PNG: time above, memory below, an axis a column, all logarithmic."""
    with house_style():
        figure = new_figure(8.0, 4.6, title=f"One bilevel step, {ENTRANT.name}")
        panels = figure.subplots(2, len(rows), squeeze=False)
        for column, row in enumerate(rows):
            x, logs = row["values"], np.log(row["values"])
            times = "time", "ms", [1e3 * point["median"] for point in row["points"]]
            sizes = "memory", "MiB", [net_memory(point) for point in row["points"]]
            for number, (what, unit, y) in enumerate((times, sizes)):
                axes, power = panels[number][column], row["exponents"].get(what)
                axes.set_xscale("log", base=2)
                if min(y) > 0:
                    axes.set_yscale("log")
                axes.plot(x, y, "o", color=line_style(number)[0])
                if power is not None:
                    fit = np.exp(np.mean(np.log(y)) + power * (logs - logs.mean()))
                    axes.plot(x, fit, "--", color=GREY, label=f"exponent {power:.2f}")
                    axes.legend()
                axes.set_xticks(x, [str(value) for value in x])
                axes.set_xlabel(_NAMES[row["axis"]])
                axes.set_ylabel(f"{what}, {unit}")
        return save_figure(figure, path)
