"""The ratios of step times and of memory that are of interest, and the goals of a CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import geometric_mean, median
from typing import NamedTuple

import numpy as np

from racing.rivals import BASELINE
from racing.steps import AS_IT_RUNS, OTHER_LAYOUT, Record, samples, summary

#: Of the range of a ratio of medians.
STRETCHES = 6


def compare(seconds: Mapping[str, Sequence[float]], about: str = "") -> list[Record]:
    """The ratios that a race has both sides of.

    ``plain`` is the plain supernet in the memory layout that it runs in (PyTorch's default, as the
    releases run theirs); its ratio in the other layout stands beside it.
    """
    rival = f"autodl:{BASELINE}"
    wanted: list[tuple[str, ...]] = [("plain / AutoDL", f"plain:{BASELINE}:{AS_IT_RUNS}", rival)]
    for own in [name for name in seconds if name.startswith("fast:")]:
        _, method, *rest = own.split(":")
        fast = ":".join(["fast", *rest])
        twin, naslib, plain = f"fast:{method}", f"naslib:{method}", f"plain:{method}"
        if samples(method):  # of NASLib's, which draws for itself, no round is like one of ours
            wanted.append((f"{fast} / NASLib, {method}", own, naslib, "medians"))
            if method == "ets_gdas":
                # The same arithmetic on the same samples; they change places from round to round.
                gdas = own.replace(method, "gdas")
                wanted.append((f"ets_gdas / gdas, {fast}", own, gdas, "two rounds"))
            continue
        wanted += [
            (f"{fast} / plain, {method}", own, f"{plain}:{AS_IT_RUNS}"),
            (f"{fast} / plain in {OTHER_LAYOUT}, {method}", own, f"{plain}:{OTHER_LAYOUT}"),
            (f"{fast} / floor, {method}", own, "floor:bf16" if "bf16" in rest else "floor"),
            (f"{fast} / NASLib, {method}", own, naslib),
        ]
        if rest == ["bf16"]:
            wanted.append((f"bf16 / fp32, {method}", own, twin))
        if method == BASELINE:
            wanted.append((f"{fast} / AutoDL", own, rival))
        else:
            base = own.replace(method, BASELINE)
            wanted.append((f"{method} / {BASELINE}, {fast}", own, base))
    return [
        ratio(seconds, label + about, over, under, *of)
        for label, over, under, *of in wanted
        if over in seconds and under in seconds
    ]


def ratio(
    seconds: Mapping[str, Sequence[float]], label: str, over: str, under: str, of: str = "rounds"
) -> Record:
    """A ratio of two entrants' seconds, with its range.

    Args:
        seconds: of each entrant, round by round.
        label: what the ratio is called.
        over, under: the two entrants.
        of: ``rounds``: the median of the rounds' own ratios; ``two rounds``: the same of the
            geometric means of two rounds, in which the two had each the first turn once;
            ``medians``: of the two medians, its range of those of stretches of rounds.
    """
    row = {"label": label, "over": over, "under": under, "of": of}
    ours, other = seconds[over], seconds[under]
    if of == "medians":
        parts = min(STRETCHES, len(ours))
        stretches = zip(np.array_split(ours, parts), np.array_split(other, parts), strict=True)
        rounds = [float(np.median(a) / np.median(b)) for a, b in stretches]
        return {**row, "rounds": rounds, **summary(rounds), "median": median(ours) / median(other)}
    rounds = [a / b for a, b in zip(ours, other, strict=True)]
    if of == "two rounds" and len(rounds) > 1:
        rounds = [geometric_mean(two) for two in zip(rounds[::2], rounds[1::2], strict=False)]
    return {**row, "rounds": rounds, **summary(rounds)}


def memory_ratios(pieces: Mapping[str, Record]) -> list[Record]:
    """Ratios of peak memory, for the engines that have a piece about it.

    A network so small that it fits into what the imports once needed shows nothing, and has none.
    """
    net = {
        piece["engine"]: [net_memory(piece)]
        for piece in pieces.values()
        if piece["kind"] == "memory" and net_memory(piece) > 0
    }
    own = f"fast:{BASELINE}"
    return [
        ratio(net, f"fast / {title}, peak memory", own, rival)
        for title in ("AutoDL", "NASLib")
        if own in net and (rival := f"{title.lower()}:{BASELINE}") in net
    ]


def net_memory(row: Record) -> float:
    """MiB at the peak beyond what Python, torch and the imports held before."""
    net: float = row["memory_mib"] - row.get("memory_before_mib", 0.0)
    return net


class Goal(NamedTuple):
    """A number of the record that should be at most so much, and what has it measured.

    One that is not ``asserted`` is shown, but ``--assert`` does not end on it.
    """

    label: str
    at_most: float
    needs: str
    asserted: bool = True


def measured(pieces: Mapping[str, Record]) -> dict[str, float]:
    """What goals may be about, by label; of what was measured twice, the last."""
    rows = [row for piece in pieces.values() for row in labelled(piece)]
    return {row["label"]: row["median"] for row in [*rows, *memory_ratios(pieces)]}


def labelled(piece: Record) -> list[Record]:
    """A piece's ratios, and its other numbers that have a label."""
    return [*piece.get("ratios", ()), *piece.get("numbers", ())]


def judge(goals: Sequence[Goal], values: Mapping[str, float]) -> list[Record]:
    """Each goal with its value and whether it is met; both None where nothing was measured."""
    rows: list[Record] = []
    for goal in goals:
        value = values.get(goal.label)
        met = None if value is None else value <= goal.at_most
        rows.append({**goal._asdict(), "value": value, "met": met})
    return rows


def verdict(rows: Sequence[Record]) -> tuple[list[str], bool]:
    """A line for each goal, and whether none of those that are asserted was missed."""
    lines = []
    for row in rows:
        if row["met"] is None:
            lines.append(f"        {row['label']}: not measured, it needs {row['needs']}")
        else:
            word = "met" if row["met"] else "MISSED" if row["asserted"] else "missed"
            at_most = f"goal at most {row['at_most']:.4g}"
            lines.append(f"{word:<6}  {row['label']}: {row['value']:.4g}, {at_most}")
    return lines, all(row["met"] is not False for row in rows if row["asserted"])
