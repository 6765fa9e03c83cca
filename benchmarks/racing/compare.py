"""Ratios of step times and of peak memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import geometric_mean, median

import numpy as np

from racing.entrants import BASELINE, Entrant
from racing.shape import Record, summary

#: Methods whose steps are the same arithmetic on the same samples, method → the other.
TWINS = {"ets_gdas": "gdas"}
#: Of the range of a ratio of medians.
STRETCHES = 6


def compare(entrants: Sequence[Entrant], seconds: Mapping[str, Sequence[float]]) -> list[Record]:
    """The ratios of step times that are of interest; each says by ``of`` what it is.

    ``plain`` is the plain supernet in the memory layout that it runs in (PyTorch's default, as the
    releases run theirs); its ratio in the other layout stands beside it.
    """
    found: list[Record] = []

    def add(label: str, over: str, under: str, of: str = "rounds") -> None:
        row = {"label": label, "over": over, "under": under, "of": of}
        found.append({**row, **ratio(seconds[over], seconds[under], of)})

    plain = {str(one.method): one.name for one in entrants if one.as_it_runs}
    own = [one for one in entrants if one.kind == "fast" and not one.sampled]
    dense = [str(one.method) for one in own if one.precision == "fp32"]
    for method in plain:
        add(f"fast / plain, {method}", f"fast:{method}", plain[method])
    for one in entrants:
        if one.kind == "plain" and not one.as_it_runs:
            add(f"fast / plain in {one.layout}, {one.method}", f"fast:{one.method}", one.name)
    for method in dense:
        if "floor" in seconds:
            add(f"fast / floor, {method}", f"fast:{method}", "floor")
        if method != BASELINE and f"fast:{BASELINE}" in seconds:
            add(f"{method} / {BASELINE}, fast", f"fast:{method}", f"fast:{BASELINE}")
    for one in own:
        if one.precision != "fp32":
            label = f"{one.precision} / fp32, {one.method}"
            add(label, one.name, f"fast:{one.method}")
    for method, twin in TWINS.items():
        if {f"fast:{method}", f"fast:{twin}"} <= set(seconds):
            add(f"{method} / {twin}, fast", f"fast:{method}", f"fast:{twin}", "two rounds")
    for one in entrants:
        if one.kind == "autodl":
            add("plain / AutoDL", plain[BASELINE], one.name)
            add("fast / AutoDL", f"fast:{BASELINE}", one.name)
        elif one.kind == "naslib":
            of = "medians" if one.sampled else "rounds"
            add(f"fast / NASLib, {one.method}", f"fast:{one.method}", one.name, of)
    return found


def ratio(over: Sequence[float], under: Sequence[float], of: str) -> Record:
    """A ratio of two entrants' seconds, with its range and what that is of.

    Args:
        over, under: seconds, round by round.
        of: ``rounds``: the median of the rounds' own ratios; ``two rounds``: the same of the
            geometric means of two rounds, in which the two had each the first turn once; for
            twins, whose rounds draw the same samples; ``medians``: of the two medians, its range
            of those of stretches of rounds. Samplers that draw for themselves have no rounds in
            common.
    """
    if of == "medians":
        parts = min(STRETCHES, len(over))
        stretches = zip(np.array_split(over, parts), np.array_split(under, parts), strict=True)
        rounds = [float(np.median(a) / np.median(b)) for a, b in stretches]
        return {"rounds": rounds, **summary(rounds), "median": median(over) / median(under)}
    rounds = [a / b for a, b in zip(over, under, strict=True)]
    if of == "two rounds" and len(rounds) > 1:
        rounds = [geometric_mean(two) for two in zip(rounds[::2], rounds[1::2], strict=False)]
    return {"rounds": rounds, **summary(rounds)}


def compare_memory(engines: Mapping[str, Record]) -> list[Record]:
    """Ratios of peak memory beyond what was held before, for what was measured.

    A network so small that it fits into what the imports once needed shows nothing, and has none.
    """
    own, found = f"fast:{BASELINE}", []
    for title in ("AutoDL", "NASLib"):
        name = f"{title.lower()}:{BASELINE}"
        if all("memory_mib" in engines.get(one, ()) for one in (own, name)):
            mine, theirs = net_memory(engines[own]), net_memory(engines[name])
            if min(mine, theirs) > 0:
                label = {"label": f"fast / {title}, peak memory", "over": own, "under": name}
                found.append({**label, "of": "memory", "median": mine / theirs})
    return found


def net_memory(row: Record) -> float:
    """MiB at the peak beyond what Python, torch and the imports held before."""
    net: float = row["memory_mib"] - row.get("memory_before_mib", 0.0)
    return net


def multiples(engines: Mapping[str, Record]) -> dict[str, Record]:
    """For every entrant, its median in multiples of the floor, and the rivals' in multiples of its.

    The floor is of steps that compute all operations: a sampler has no multiple of it. A rival's
    DARTS stands beside all those, its GDAS beside samplers.
    """
    found: dict[str, Record] = {}
    floor = next((row for name, row in engines.items() if name.startswith("floor")), None)
    for name, row in engines.items():
        beyond = None if floor is None or row["sampled"] else row["median"] / floor["median"]
        found[name] = {"floor": beyond}
        for rival in ("autodl", "naslib"):
            other = engines.get(f"{rival}:{'gdas' if row['sampled'] else BASELINE}")
            faster = other and other["median"] / row["median"]
            found[name][rival] = None if row is floor else faster
    return found
