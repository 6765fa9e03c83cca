"""What README.md and docs/speed.md say of the speed is what the committed records hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from racing.compare import compare, measured
from racing.show import show
from rich.console import Console

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parents[2]
#: Records, what their rows are called, and the instruction sets of their kernels.
TITLES = {
    "avx512": "AVX-512, AMD EPYC",
    "avx2": "the same, held to AVX2",
    "avx2_only": "AVX2, a slower AMD EPYC",
    "amx": "AVX-512, Intel Xeon",
}
ISA = {"avx512": "avx512", "avx2": "avx2", "avx2_only": "avx2", "amx": "avx512"}
AUTO = {"avx512": "AVX-512", "avx2": "held to AVX2", "avx2_only": "without AVX-512"}
RIVALS = {"autodl": "f46486e", "naslib": "0b51bc1"}


def record(isa: str) -> dict[str, Any]:
    file = ROOT / "benchmarks" / "results" / f"speed_cpu_{isa}.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def ratio(of: dict[str, Any], piece: str, label: str) -> dict[str, Any]:
    (row,) = [one for one in of["pieces"][f"race, {piece}"]["ratios"] if one["label"] == label]
    found: dict[str, Any] = row
    return found


def times_as_long(row: dict[str, Any]) -> str:
    """A rival's time in multiples of ours, with the range, for our time in multiples of its."""
    return f"{1 / row['median']:.2f} ({1 / row['max']:.2f}–{1 / row['min']:.2f})"


def line(isa: str) -> str:
    """The row of an instruction set in the table of both documents."""
    of = record(isa)
    floor = ratio(of, "floor", "fast / floor, darts_v1")
    rivals = [
        ("autodl", "fast / AutoDL"),
        ("naslib", "fast / NASLib, darts_v1"),
        ("samplers", "fast / NASLib, gdas"),
    ]
    cells = [
        TITLES[isa],
        f"{of['pieces']['race, floor']['engines']['fast:darts_v1']['median']:.2f} s",
        f"{floor['median']:.2f} ({floor['min']:.2f}–{floor['max']:.2f})",
        *(times_as_long(ratio(of, piece, label)) for piece, label in rivals),
    ]
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("page", ["README.md", "docs/speed.md"])
@pytest.mark.parametrize("isa", list(TITLES))
def test_the_documents_have_the_record_s_figures(page: str, isa: str) -> None:
    assert line(isa) in (ROOT / page).read_text("utf-8").splitlines()


@pytest.mark.parametrize("isa", list(TITLES))
def test_what_a_record_was_held_to(isa: str) -> None:
    of = record(isa)
    assert of["isa"] == ISA[isa] and of["kernels"] and of["threads"] == 2
    shape = {"channels": 16, "cells": 5, "batch_size": 64, "size": 32}
    assert shape.items() <= of["settings"].items()
    for name, commit in RIVALS.items():
        assert of["settings"][name].startswith(commit)
    for piece in of["pieces"].values():
        assert (piece["head"]["isa"], piece["head"]["processor"]) == (ISA[isa], of["processor"])


@pytest.mark.parametrize("isa", list(TITLES))
def test_a_record_is_read_as_it_was_written(isa: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its ratios are those of its seconds, its goals are judged by them, and it can be shown."""
    of = record(isa)
    races = [piece for piece in of["pieces"].values() if piece["kind"] == "race"]
    for piece in races:
        found = compare({name: row["seconds"] for name, row in piece["engines"].items()})
        rows = {row["label"]: row["rounds"] for row in found}
        assert rows.keys() == {row["label"] for row in piece["ratios"]}
        for row in piece["ratios"]:
            assert rows[row["label"]] == pytest.approx(row["rounds"], rel=1e-12)
    values = measured(of["pieces"])
    assert all(goal["value"] == values.get(goal["label"]) for goal in of["goals"])
    show(of, Console(width=110))
    shown = capsys.readouterr().out
    assert all(f"\n{name}\n" in shown for name in of["pieces"])


@pytest.mark.parametrize("method", ["darts_v1", "edd_darts"])
def test_bf16(method: str) -> None:
    piece = f"bf16, {method}"
    row = ratio(record("amx"), piece, f"bf16 / fp32, {method}")
    engines = record("amx")["pieces"][f"race, {piece}"]["engines"]
    seconds = [f"{engines[f'fast:{method}{name}']['median']:.2f} s" for name in ("", ":bf16")]
    shown = f"{row['median']:.3f} ({row['min']:.3f}–{row['max']:.3f})"
    title = {"darts_v1": "DARTS-V1", "edd_darts": "EDD-DARTS"}[method]
    text = (ROOT / "docs" / "speed.md").read_text("utf-8").splitlines()
    assert f"| {title} | {' | '.join(seconds)} | {shown} |" in text
    if method == "darts_v1":
        assert f"the step takes {seconds[1]}." in (ROOT / "README.md").read_text("utf-8")


def test_what_bf16_does_to_a_search() -> None:
    results = ROOT / "benchmarks" / "results"
    rows = json.loads((results / "digits_bf16" / "table.json").read_text("utf-8"))["rows"]
    digits = {row["label"].rpartition("=")[2]: row["accuracies"]["digits test"] for row in rows}
    last = [
        json.loads((results / folder / "record.jsonl").read_text("utf-8").splitlines()[-1])
        for folder in (
            "cifar10_50/nasbench201/cifar10/edd_darts/0",
            "cifar10_bf16/nasbench201/cifar10/edd_darts_bf16/0",
        )
    ]
    tests = [row["table"]["datasets"]["cifar10"]["test"] for row in last]
    lines = (
        [f"{digits[name]['mean']:.2f} ± {digits[name]['std']:.2f}" for name in ("fp32", "bf16")],
        [f"{one['value']:.2f} ({one['rank']})" for one in tests],
        [f"{row['val_acc']:.1f} → {row['net_val_acc_batch']:.1f}" for row in last],
    )
    text = (ROOT / "docs" / "speed.md").read_text("utf-8")
    for one, other in lines:
        assert f" | {one} | {other} |\n" in text


@pytest.mark.parametrize("isa", list(AUTO))
def test_what_auto_took(isa: str) -> None:
    """The table of docs/speed.md: auto over the better of on and off, median and range."""
    text = (ROOT / "docs" / "speed.md").read_text("utf-8").splitlines()
    pieces = [one for one in record(isa)["pieces"].values() if one["kind"] == "auto"]
    assert pieces
    for piece in pieces:
        (row,) = piece["ratios"]
        shown = f"{row['median']:.3f} ({row['min']:.2f}–{row['max']:.2f})"
        size = row["label"].split(", ")[1]
        assert f"| {AUTO[isa]} | {size} | {piece['threads']} | {shown} |" in text
