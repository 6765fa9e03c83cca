"""Who races in which order, and the ratios of ``benchmarks/speed.py``, on made-up timings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from racing.compare import compare, memory_ratios, net_memory
from racing.entrants import Entrant, races
from racing.steps import race
from tiny_race import METHODS, ratios

pytestmark = pytest.mark.benchmark


def test_races_keep_together_what_is_compared() -> None:
    grouped = races(METHODS, rivals=("autodl", "naslib"))
    found = {name: names(row) for name, row in grouped.items()}
    plain = ["plain:{}:contiguous", "plain:{}:channels_last"]
    assert found == {
        "autodl": ["fast:darts_v1", "plain:darts_v1:contiguous", "autodl:darts_v1"],
        "naslib": ["fast:darts_v1", "naslib:darts_v1"],
        "floor": ["fast:darts_v1", "fast:edd_darts", "floor"],
        "plain, darts_v1": ["fast:darts_v1", *(one.format("darts_v1") for one in plain)],
        "plain, edd_darts": ["fast:edd_darts", *(one.format("edd_darts") for one in plain)],
        "samplers": ["naslib:gdas", "fast:gdas", "fast:ets_gdas"],
    }
    # Every ratio of the whole field is one of some race.
    every = [compare({name: [1.0] for name in names(row)}) for row in grouped.values()]
    assert {row["label"] for rows in every for row in rows} == set(ratios())


def names(entrants: list[Entrant]) -> list[str]:
    return [one.name for one in entrants]


def test_races_of_some_methods() -> None:
    halved = races(METHODS, half=True)
    assert names(halved["bf16, edd_darts"]) == ["fast:edd_darts", "fast:edd_darts:bf16"]
    (row,) = compare({"fast:edd_darts": [2.0], "fast:edd_darts:bf16": [1.0]})
    assert row["label"] == "bf16 / fp32, edd_darts" and row["median"] == 0.5
    # Only those steps of a rival that one of ours stands beside.
    alone = races(["gdas"], rivals=("autodl", "naslib"))
    assert {name: names(row) for name, row in alone.items()} == {
        "samplers": ["naslib:gdas", "fast:gdas"]
    }
    assert list(races(["edd_darts"])) == ["floor", "plain, edd_darts"]


@pytest.mark.parametrize(
    ("swapped", "rounds"),
    [
        ((), ["ABCD", "ABCD", "ABCD"]),
        (("C", "D"), ["ABCD", "ABDC", "ABCD"]),
        (("A", "B"), ["CDAB", "CDBA", "CDAB"]),
    ],
)
def test_order_of_the_rounds(swapped: Sequence[str], rounds: list[str]) -> None:
    order: list[str] = []
    steps = {name: lambda name=name: order.append(name) for name in "ABCD"}
    seconds = race(steps, rounds=3, swapped=swapped)
    assert "".join(order) == "".join(rounds)
    assert [len(row) for row in seconds.values()] == [3] * 4 and min(map(min, seconds.values())) > 0


def test_ratios_are_of_plain_as_it_runs() -> None:
    assert ratios() == {
        "fast / plain, darts_v1": 0.5,
        "fast / plain, edd_darts": 0.5,
        "fast / plain in channels_last, darts_v1": 0.4,
        "fast / plain in channels_last, edd_darts": 0.4,
        "fast / floor, darts_v1": 1.0,
        "fast / floor, edd_darts": 1.0,
        "edd_darts / darts_v1, fast": 1.0,
        "ets_gdas / gdas, fast": 1.0,
        "plain / AutoDL": 0.5,
        "fast / AutoDL": 0.25,
        "fast / NASLib, darts_v1": 0.125,
        "fast / NASLib, gdas": 0.25,
    }


def rows(seconds: dict[str, list[float]]) -> dict[str, Any]:
    return {row["label"]: row for row in compare(seconds)}


def test_twins_are_compared_over_two_rounds() -> None:
    """The first in a round takes twice as long, whoever it is: over two rounds, nobody does."""
    seconds = {"floor": [1.0] * 4, "fast:gdas": [4.0, 2.0] * 2, "fast:ets_gdas": [2.0, 4.0] * 2}
    row = rows(seconds)["ets_gdas / gdas, fast"]
    assert row["of"] == "two rounds" and row["rounds"] == [1.0, 1.0] and row["median"] == 1.0


def test_samplers_that_draw_apart_are_compared_by_medians() -> None:
    seconds = {"floor": [1.0] * 3, "fast:gdas": [1.0, 2.0, 9.0], "naslib:gdas": [16.0, 8.0, 1.0]}
    row = rows(seconds)["fast / NASLib, gdas"]
    assert row["of"] == "medians" and row["median"] == 0.25
    # Of the stretches of rounds, here of one each.
    assert row["rounds"] == [1 / 16, 0.25, 9.0] and (row["min"], row["max"]) == (1 / 16, 9.0)


def test_a_ratio_keeps_its_rounds() -> None:
    seconds = {"fast:darts_v1": [1.0, 1.0, 1.0], "floor": [1.0, 2.0, 4.0]}
    row = rows(seconds)["fast / floor, darts_v1"]
    assert row["rounds"] == [1.0, 0.5, 0.25] and row["of"] == "rounds"
    assert (row["median"], row["min"], row["max"]) == (0.5, 0.25, 1.0)
    assert (row["over"], row["under"]) == ("fast:darts_v1", "floor")


def test_memory_is_compared_beyond_the_imports() -> None:
    def piece(engine: str, memory: float, before: float) -> dict[str, Any]:
        peak = {"memory_mib": memory, "memory_before_mib": before}
        return {"kind": "memory", "engine": engine, **peak}

    pieces = {"a": piece("fast:darts_v1", 260.0, 200.0), "b": {"kind": "race"}}
    assert net_memory(pieces["a"]) == 60.0 and memory_ratios(pieces) == []
    pieces["c"] = piece("autodl:darts_v1", 400.0, 250.0)
    (row,) = memory_ratios(pieces)
    assert row["label"] == "fast / AutoDL, peak memory" and row["median"] == 0.4
    pieces["d"] = piece("naslib:darts_v1", 500.0, 500.0)  # shows nothing
    assert memory_ratios(pieces) == [row]
