"""Ratios of step times, the goals they are held to, and the tables that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from naslib_edd.supernet import PlainSupernet
from racing.entrants import BASELINE, Entrant
from racing.shape import LAYOUTS, Record

#: Goals on a CPU, in shares of the other's step time.
FAST_OF_PLAIN = 0.55
PLAIN_OF_AUTODL = 1.1


def summary(values: Sequence[float]) -> Record:
    """Median and range."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def compare(
    entrants: Sequence[Entrant], seconds: Mapping[str, Sequence[float]], *, goals: bool = True
) -> list[Record]:
    """The ratios of interest, each the median (and range) of the rounds' own ratios.

    ``plain`` is the plain supernet in the memory layout that it runs in (PyTorch's default, as the
    releases run theirs); its ratio in the other layout stands beside it, without a goal. With
    ``goals``, a ratio that has a goal carries it as ``at_most`` and whether it is ``met``.
    """
    found: list[Record] = []

    def add(label: str, over: str, under: str, at_most: float | None = None) -> None:
        rounds = [a / b for a, b in zip(seconds[over], seconds[under], strict=True)]
        row: Record = {"label": label, "over": over, "under": under, "rounds": rounds}
        row.update(summary(rounds))
        if goals and at_most is not None:
            row.update({"at_most": at_most, "met": row["median"] <= at_most})
        found.append(row)

    plain: dict[str, str] = {}
    others: list[Entrant] = []
    for one in entrants:
        if one.kind == "plain" and one.method is not None:
            if LAYOUTS[one.layout] is PlainSupernet.layout:
                plain[one.method] = one.name
            else:
                others.append(one)
    for method in plain:
        add(f"fast / plain, {method}", f"fast:{method}", plain[method], FAST_OF_PLAIN)
    for one in others:
        add(f"fast / plain in {one.layout}, {one.method}", f"fast:{one.method}", one.name)
    for method in plain:
        add(f"fast / floor, {method}", f"fast:{method}", "floor")
        if method != BASELINE and BASELINE in plain:
            add(f"{method} / {BASELINE}, fast", f"fast:{method}", f"fast:{BASELINE}")
            add(f"{method} / {BASELINE}, plain", plain[method], plain[BASELINE])
    autodl = next((one.name for one in entrants if one.kind == "autodl"), None)
    if autodl:
        add("plain / AutoDL", plain[BASELINE], autodl, PLAIN_OF_AUTODL)
        add("fast / AutoDL", f"fast:{BASELINE}", autodl)
    return found


def judge(ratios: Sequence[Record]) -> tuple[list[str], bool]:
    """A line for each goal, and whether all are met."""
    aims = [row for row in ratios if "met" in row]
    lines = [
        f"{'met' if row['met'] else 'MISSED':<6}  {row['label']}: {row['median']:.3f}, "
        f"goal at most {row['at_most']:g}"
        for row in aims
    ]
    return lines, all(row["met"] for row in aims)


def show(record: Record, console: Console) -> None:
    """The tables of a record."""
    gpu = f"{record['gpu']}, " if record["gpu"] else ""
    shape = "C={channels} N={cells} batch {batch_size} {size}×{size} {dtype}"
    console.print(
        f"{gpu}{record['processor']}, {record['threads']} threads, torch {record['torch']}; "
        f"one bilevel step, {shape.format(**record['settings'])}, "
        f"{record['settings']['repeats']} rounds",
        soft_wrap=True,
        highlight=False,
    )
    plain = {row["under"] for row in record["ratios"] if row["label"].startswith("fast / plain,")}
    table = _table("engine", "method", "layout", "median s", "min–max s", "peak MiB", words=3)
    for name, row in record["engines"].items():
        table.add_row(
            row["kind"] + (" *" if name in plain else ""),
            row["method"] or "–",
            row["layout"],
            f"{row['median']:.4f}",
            f"{row['min']:.4f}–{row['max']:.4f}",
            f"{row['memory_mib']:.0f}" if "memory_mib" in row else "–",
        )
    console.print(table)
    console.print()
    table = _table("ratio", "median", "min–max", "goal", "", words=1)
    for row in record["ratios"]:
        aim = ("–", "")
        if "met" in row:
            aim = (f"≤ {row['at_most']:g}", "met" if row["met"] else "missed")
        spread = f"{row['min']:.3f}–{row['max']:.3f}"
        table.add_row(row["label"], f"{row['median']:.3f}", spread, *aim)
    console.print(table)
    gflop = record["floor"]["gflop"]
    rate = gflop / record["engines"]["floor"]["median"]
    console.print(
        f"* plain in the layout that it runs in. The floor is {gflop:.3g} GFLOP of convolutions, "
        f"at {rate:.3g} GFLOP/s.",
        soft_wrap=True,
        highlight=False,
    )


def _table(*headers: str, words: int) -> Table:
    """A table whose first columns are words, the rest numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number < words else "right", no_wrap=True)
    return table
