"""The goals on a CPU, and what a run says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from racing.entrants import BASELINE, samples
from racing.shape import Record


class Goal(NamedTuple):
    """A number of the record that should be at most so much, and what has it measured.

    One that is not ``asserted`` is shown, but ``--assert`` does not end on it.
    """

    label: str
    at_most: float
    needs: str
    asserted: bool = True


#: `search.kernels: auto`, in multiples of the better of on and off.
AT_MOST_AUTO = 1.03
#: Seconds of a whole process.
STARTUP = {"naslib-edd query": 0.4, "naslib-edd --help": 0.2, "import naslib_edd": 0.1}
#: Exponents of a power law through the curve: linear in N and batch with a tolerance for the fit.
EXPONENTS = {"cells": 1.1, "batch_size": 1.1, "channels": 2.0}


def aims(methods: Sequence[str]) -> list[Goal]:
    """All goals of a run that races ``methods``. Times and memory are shares of the other's."""
    dense = [method for method in methods if not samples(method)] or [BASELINE]
    found = [Goal(f"fast / floor, {method}", 1.5, f"--methods {method}") for method in dense]
    has = "a processor with AVX512-BF16 or AMX"
    found += [Goal(f"bf16 / fp32, {method}", 0.6, has, asserted=False) for method in dense]
    found += [
        Goal("fast / AutoDL", 1 / 3.3, "--autodl"),
        Goal("fast / NASLib, darts_v1", 1 / 3.3, "--naslib"),
        Goal("fast / NASLib, gdas", 1 / 4, "--naslib and --methods gdas"),
        Goal("edd_darts / darts_v1, fast", 1.01, "--methods edd_darts darts_v1"),
        Goal("ets_gdas / gdas, fast", 1.002, "--methods ets_gdas gdas"),
        Goal("fast / AutoDL, peak memory", 0.6, "--autodl and --memory"),
    ]
    for axis, most in EXPONENTS.items():
        found += [Goal(exponent_label(what, axis), most, "--curves") for what in ("time", "memory")]
    found += [Goal(f"{name}, s", at_most, "--startup") for name, at_most in STARTUP.items()]
    # What the plain supernet is for: a fair stand-in where there is no rival's checkout.
    for method in dense:
        found.append(Goal(f"fast / plain, {method}", 0.55, f"--methods {method}", asserted=False))
    found.append(Goal("plain / AutoDL", 1.1, "--autodl", asserted=False))
    return found


def exponent_label(what: str, axis: str) -> str:
    """What a curve's exponent is called among the goals."""
    return f"exponent of {what} in {axis}"


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
