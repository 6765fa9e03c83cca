"""Who races in which order, and the ratios of ``benchmarks/speed.py``, on made-up timings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from racing.compare import compare, compare_memory, multiples, net_memory
from racing.entrants import Entrant, lineup, races
from racing.race import race
from tiny_race import METHODS, TIMES, ratios

pytestmark = pytest.mark.benchmark

CPU = torch.device("cpu")


def test_lineup_puts_samplers_last_and_rivals_before_the_floor() -> None:
    names = [one.name for one in lineup(METHODS, rivals=("autodl", "naslib"))]
    assert names == list(TIMES)


def test_lineup_of_one_method() -> None:
    names = [one.name for one in lineup(["edd_darts"])]
    assert names == [
        *("fast:edd_darts", "plain:edd_darts:contiguous", "plain:edd_darts:channels_last"),
        "floor",
    ]
    # Only those steps of a rival that one of ours stands beside.
    assert [one.name for one in lineup(["gdas"], rivals=("autodl", "naslib"))] == [
        *("floor", "naslib:gdas", "fast:gdas"),
    ]


def test_races_keep_together_what_is_compared() -> None:
    grouped = races(METHODS, rivals=("autodl", "naslib"))
    found = {name: [one.name for one in row] for name, row in grouped.items()}
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
    labels = [
        row["label"]
        for entrants in grouped.values()
        for row in compare(entrants, {one.name: [1.0] for one in entrants})
    ]
    assert set(labels) == set(ratios())
    halved = races(METHODS, half=True)
    assert [one.name for one in halved["bf16, edd_darts"]] == [
        "fast:edd_darts",
        "fast:edd_darts:bf16",
    ]
    (row,) = compare(
        halved["bf16, edd_darts"], {"fast:edd_darts": [2.0], "fast:edd_darts:bf16": [1.0]}
    )
    assert row["label"] == "bf16 / fp32, edd_darts" and row["median"] == 0.5
    assert list(races(["gdas"])) == ["samplers"] and list(races(["edd_darts"])) == [
        "floor",
        "plain, edd_darts",
    ]


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
    ticks: list[str] = []
    steps = {name: lambda name=name: order.append(name) for name in "ABCD"}
    seconds = race(steps, rounds=3, device=CPU, tick=ticks.append, swapped=swapped)
    assert "".join(order) == "".join(rounds)
    assert [tick[-1] for tick in ticks] == order and ticks[0].startswith("round 1, ")
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


def rows(methods: list[str], seconds: dict[str, list[float]], *rivals: str) -> dict[str, Any]:
    return {row["label"]: row for row in compare(lineup(methods, rivals=rivals), seconds)}


def test_twins_are_compared_over_two_rounds() -> None:
    """The first in a round takes twice as long, whoever it is: over two rounds, nobody does."""
    seconds = {"floor": [1.0] * 4, "fast:gdas": [4.0, 2.0] * 2, "fast:ets_gdas": [2.0, 4.0] * 2}
    row = rows(["gdas", "ets_gdas"], seconds)["ets_gdas / gdas, fast"]
    assert row["of"] == "two rounds" and row["rounds"] == [1.0, 1.0] and row["median"] == 1.0


def test_samplers_that_draw_apart_are_compared_by_medians() -> None:
    seconds = {"floor": [1.0] * 3, "fast:gdas": [1.0, 2.0, 9.0], "naslib:gdas": [16.0, 8.0, 1.0]}
    row = rows(["gdas"], seconds, "naslib")["fast / NASLib, gdas"]
    assert row["of"] == "medians" and row["median"] == 0.25
    # Of the stretches of rounds, here of one each.
    assert row["rounds"] == [1 / 16, 0.25, 9.0] and (row["min"], row["max"]) == (1 / 16, 9.0)


def test_a_ratio_keeps_its_rounds() -> None:
    names = [one.name for one in lineup(["darts_v1"])]
    seconds = {name: [1.0, 1.0, 1.0] for name in names} | {"floor": [1.0, 2.0, 4.0]}
    row = rows(["darts_v1"], seconds)["fast / floor, darts_v1"]
    assert row["rounds"] == [1.0, 0.5, 0.25] and row["of"] == "rounds"
    assert (row["median"], row["min"], row["max"]) == (0.5, 0.25, 1.0)
    assert (row["over"], row["under"]) == ("fast:darts_v1", "floor")


def engines() -> dict[str, dict[str, Any]]:
    racers: list[Entrant] = lineup(METHODS, rivals=("autodl", "naslib"))
    return {one.name: {"median": TIMES[one.name], "sampled": one.sampled} for one in racers}


def test_multiples_of_the_floor_and_of_the_rivals() -> None:
    found = multiples(engines())
    assert found["fast:darts_v1"] == {"floor": 1.0, "autodl": 4.0, "naslib": 8.0}
    assert found["naslib:darts_v1"] == {"floor": 8.0, "autodl": 0.5, "naslib": 1.0}
    # AutoDL's GDAS does not race, and the floor is of steps that compute every operation.
    assert found["fast:gdas"] == {"floor": None, "autodl": None, "naslib": 4.0}
    assert found["floor"] == {"floor": 1.0, "autodl": None, "naslib": None}


def test_memory_is_compared_beyond_the_imports() -> None:
    of = engines()
    of["fast:darts_v1"] |= {"memory_mib": 260.0, "memory_before_mib": 200.0}
    of["autodl:darts_v1"] |= {"memory_mib": 400.0, "memory_before_mib": 250.0}
    assert net_memory(of["fast:darts_v1"]) == 60.0
    (row,) = compare_memory(of)
    assert row["label"] == "fast / AutoDL, peak memory" and row["median"] == 0.4
    of["naslib:darts_v1"] |= {"memory_mib": 500.0, "memory_before_mib": 500.0}  # shows nothing
    assert compare_memory(of) == [row]
    assert compare_memory(engines()) == []


def test_memory_on_a_gpu_has_nothing_before_it() -> None:
    assert net_memory({"memory_mib": 12.0}) == 12.0
