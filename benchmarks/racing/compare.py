"""Ratios of step times and of peak memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import median

from racing.entrants import BASELINE, Entrant
from racing.shape import Record

#: Methods whose steps are the same arithmetic on the same samples, method → the other.
TWINS = {"ets_gdas": "gdas"}


def summary(values: Sequence[float]) -> Record:
    """Median and range."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def compare(entrants: Sequence[Entrant], seconds: Mapping[str, Sequence[float]]) -> list[Record]:
    """The ratios of step times that are of interest.

    ``of`` says what a ratio is:

    - ``rounds``: the median (and range) of the rounds' own ratios;
    - ``two rounds``: the same of the geometric means of two rounds, in which the two had each the
      first turn once; for twins, whose rounds draw the same samples;
    - ``medians``: of the two medians; its range, of those of six stretches of rounds. Samplers that
      draw for themselves have no rounds in common.

    ``plain`` is the plain supernet in the memory layout that it runs in (PyTorch's default, as the
    releases run theirs); its ratio in the other layout stands beside it.
    """
    found: list[Record] = []

    def add(label: str, over: str, under: str, of: str = "rounds") -> None:
        row: Record = {"label": label, "over": over, "under": under, "of": of}
        rounds = [a / b for a, b in zip(seconds[over], seconds[under], strict=True)]
        if of == "two rounds" and len(rounds) > 1:
            rounds = [sqrt(a * b) for a, b in zip(rounds[::2], rounds[1::2], strict=False)]
        if of == "medians":
            row["rounds"] = [
                median(seconds[over][part]) / median(seconds[under][part])
                for part in _stretches(len(seconds[over]))
            ]
            row |= summary(row["rounds"])
            row["median"] = median(seconds[over]) / median(seconds[under])
        else:
            row.update({"rounds": rounds, **summary(rounds)})
        found.append(row)

    plain: dict[str, str] = {}
    others: list[Entrant] = []
    for one in entrants:
        if one.as_it_runs:
            plain[str(one.method)] = one.name
        elif one.kind == "plain":
            others.append(one)
    dense = [str(one.method) for one in entrants if one.kind == "fast" and not one.sampled]
    for method in plain:
        add(f"fast / plain, {method}", f"fast:{method}", plain[method])
    for one in others:
        add(f"fast / plain in {one.layout}, {one.method}", f"fast:{one.method}", one.name)
    for method in dense:
        if "floor" in seconds:
            add(f"fast / floor, {method}", f"fast:{method}", "floor")
        if method != BASELINE and f"fast:{BASELINE}" in seconds:
            add(f"{method} / {BASELINE}, fast", f"fast:{method}", f"fast:{BASELINE}")
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


def _stretches(rounds: int, *, most: int = 6) -> list[slice]:
    """The rounds in order, in as many parts of one length or nearly so."""
    parts = min(most, rounds)
    return [slice(k * rounds // parts, (k + 1) * rounds // parts) for k in range(parts)]


def compare_memory(engines: Mapping[str, Record]) -> list[Record]:
    """Ratios of peak memory beyond what was held before, for what was measured.

    A network so small that it fits into what the imports once needed shows nothing, and has none.
    """
    found: list[Record] = []
    own = f"fast:{BASELINE}"
    rivals = {f"autodl:{BASELINE}": "AutoDL", f"naslib:{BASELINE}": "NASLib"}
    for name, title in rivals.items():
        if {name, own} <= {key for key, row in engines.items() if "memory_mib" in row}:
            mine, theirs = net_memory(engines[own]), net_memory(engines[name])
            if min(mine, theirs) <= 0:
                continue
            label = f"fast / {title}, peak memory"
            row = {
                "label": label,
                "over": own,
                "under": name,
                "of": "memory",
                "median": mine / theirs,
            }
            found.append(row)
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
        beside = "gdas" if row["sampled"] else BASELINE
        beyond = None if floor is None or row["sampled"] else row["median"] / floor["median"]
        found[name] = {"floor": beyond}
        for rival in ("autodl", "naslib"):
            other = engines.get(f"{rival}:{beside}")
            faster = other and other["median"] / row["median"]
            found[name][rival] = None if row is floor else faster
    return found
