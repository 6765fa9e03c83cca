"""What a person sees of a record: tables, and a figure of the curves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

from naslib_edd.report.style import GREY, house_style, line_style, new_figure, save_figure
from racing.compare import labelled, memory_ratios, net_memory
from racing.steps import Record

_AXES = {"cells": "cells a stage N", "batch_size": "batch", "channels": "channels C"}


def show(record: Record, console: Console) -> None:
    """A record's tables, piece by piece, and the ratios of memory."""
    say = partial(console.print, soft_wrap=True, highlight=False, markup=False)
    passes = f"{record['isa']}, {'C++ kernels' if record['kernels'] else 'PyTorch passes'}"
    say(
        f"{record['processor']}, {record['gpu'] or passes}, {record['threads']} threads, "
        f"torch {record['torch']}; one bilevel step unless said otherwise"
    )
    for name, piece in record["pieces"].items():
        if piece["kind"] == "memory":
            continue
        say(f"\n{name}")
        if piece["kind"] == "race":
            console.print(_engines(piece))
        for line in _lines(piece):
            say(line)
        if rows := labelled(piece):
            console.print(_values(rows, record["goals"]))
    peaks = [piece for piece in record["pieces"].values() if piece["kind"] == "memory"]
    if peaks:
        say("\nmemory at the peak, beyond the imports'")
    for piece in peaks:
        say(f"{piece['engine']}: {net_memory(piece):.0f} MiB")
    if rows := memory_ratios(record["pieces"]):
        console.print(_values(rows, record["goals"]))


def _engines(piece: Record) -> Table:
    table = _table("engine", "method", "layout", "type", "ms", "min–max", "img/s", words=4)
    for row in piece["engines"].values():
        table.add_row(
            row["kind"] + " graph" * row["graph"],
            row["method"] or "–",
            row["layout"],
            row["precision"],
            f"{1e3 * row['median']:.1f}",
            f"{1e3 * row['min']:.1f}–{1e3 * row['max']:.1f}",
            "–" if row["kind"] == "floor" else f"{row['images_per_second']:.0f}",
        )
    return table


def _lines(piece: Record) -> list[str]:
    """What is said in words."""
    found = []
    if piece["kind"] == "auto":
        times = [f"{name} {1e3 * median(row):.1f} ms" for name, row in piece["seconds"].items()]
        on, why = "on" if piece["choice"]["on"] else "off", piece["choice"]["why"]
        found.append(f"{', '.join(times)}; auto took {on}: {why}")
    if piece["kind"] == "search":
        found.append(f"{piece['images']}; {piece['path']}")
    for name, row in piece.get("engines", {}).items():
        if row["kind"] == "floor":
            flop = piece["floor"]["gflop"]
            rate = f"{flop / row['median']:.3g} GFLOP/s"
            found.append(f"The {name} is {flop:.3g} GFLOP of convolutions, at {rate}.")
        if "of_bandwidth" in row:
            found.append(
                f"{name} moves at least {row['bytes'] / 1e9:.3g} GB a step (the convolutions' "
                f"tensors, once a pass): at {piece['bandwidth'] / 1e9:.0f} GB/s "
                f"{row['of_bandwidth']:.0%} of its time."
            )
    return found


def _values(rows: Sequence[Record], judged: Sequence[Record]) -> Table:
    goals = {row["label"]: row["at_most"] for row in judged}
    table = _table("", "median", "min–max", "goal", "", words=1)
    for row in rows:
        aim = ("–", "")
        if most := goals.get(row["label"]):
            aim = (f"≤ {most:.4g}", "met" if row["median"] <= most else "missed")
        spread = f"{row['min']:.3f}–{row['max']:.3f}" if "min" in row else "–"
        table.add_row(row["label"], f"{row['median']:.4f}", spread, *aim)
    return table


def _table(*headers: str, words: int) -> Table:
    """A table whose first columns are words, the rest numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number < words else "right", no_wrap=True)
    return table


def draw(rows: Sequence[Record], path: Path) -> Path:
    """The curves as a PNG: time above, memory below, an axis a column, all logarithmic."""
    with house_style():
        figure = new_figure(8.0, 4.6, title=f"One bilevel step, {rows[0]['engine']}")
        panels = figure.subplots(2, len(rows), squeeze=False)
        for column, row in enumerate(rows):
            x = [point[row["axis"]] for point in row["points"]]
            logs = np.log(x)
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
                axes.set_xlabel(_AXES[row["axis"]])
                axes.set_ylabel(f"{what}, {unit}")
        return save_figure(figure, path)
