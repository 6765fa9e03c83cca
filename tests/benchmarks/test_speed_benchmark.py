"""A whole tiny run of ``benchmarks/speed.py``, and the record of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import speed
import torch
from racing import cpu, record
from racing.entrants import Entrant
from racing.steps import Record, Shape
from speed import METHODS, read
from tiny_race import SHAPE, TIMES, TINY, race

from naslib_edd.errors import UserError
from naslib_edd.supernet.native import kernels
from naslib_edd.supernet.native.targets import no_bf16, target

pytestmark = pytest.mark.benchmark

OWN = {name for name in TIMES if not name.startswith(("autodl", "naslib"))}
RESULTS = Path(speed.__file__).parent / "results"


def test_record_of_a_tiny_race(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "speed.json"
    found = race(out, "--repeats=2")
    assert set(found) == {
        *("command", "processor", "gpu", "threads", "torch", "kernels", "python", "system"),
        *("naslib_edd", "date", "isa", "settings", "pieces", "goals"),
    }
    assert found["settings"] == {
        **{"channels": 4, "cells": 1, "batch_size": 4, "size": 8},
        **{"methods": list(METHODS), "repeats": 2, "sampled_repeats": 2, "warmup": 1},
        **{"threads": 1, "device": "cpu", "autodl": None, "naslib": None},
        **{key: found[key] for key in ("processor", "isa", "gpu", "torch", "naslib_edd")},
        "kernels": found["kernels"],
        "allocator": found["settings"]["allocator"],
        "cudnn_tf32": torch.backends.cudnn.allow_tf32,
    }
    assert found["settings"]["allocator"] in ("keep", "default")  # the latter without glibc
    assert found["torch"] == torch.__version__ and found["threads"] == 1
    assert found["kernels"] is (kernels() is not None)
    assert found["processor"] and found["gpu"] is None
    names = ["floor", "plain, darts_v1", "plain, edd_darts", "samplers"]
    halves = set()
    if no_bf16() is None:
        names[3:3], names[2:2] = ["bf16, edd_darts"], ["bf16, darts_v1"]
        halves = {"fast:darts_v1:bf16", "fast:edd_darts:bf16"}
    assert list(found["pieces"]) == [f"race, {name}" for name in names]
    assert found["command"].startswith("python benchmarks/speed.py --channels=4 ")
    assert str(tmp_path) not in json.dumps(found)
    raced: set[str] = set()
    for piece in found["pieces"].values():
        check_race(piece)
        raced |= set(piece["engines"])
    assert raced == OWN | halves
    floor = found["pieces"]["race, floor"]["floor"]
    passes = floor["passes"]
    assert sum(row["count"] for row in passes) == 97
    assert floor["gflop"] * 1e9 == sum(row["flops"] * row["count"] for row in passes)
    for row in passes:
        middle = {layout: sorted(trials)[1] for layout, trials in row["seconds"].items()}
        assert middle[row["layout"]] == min(middle.values())
    shown = capsys.readouterr().out
    assert "fast / plain," in shown and f"record: {out}" in shown
    assert ("C++ kernels" if found["kernels"] else "PyTorch passes") in shown
    before = out.read_bytes()
    race(out, "--repeats=2")  # goes on: nothing is missing
    assert out.read_bytes() == before and "race, samplers: in speed" in capsys.readouterr().out


def check_race(piece: Record) -> None:
    engines = piece["engines"]
    for row in engines.values():
        assert len(row["seconds"]) == 2 and len(row["warmup_seconds"]) == 1
        assert row["min"] == min(row["seconds"]) > 0 and row["max"] == max(row["seconds"])
        assert row["median"] == pytest.approx(sum(row["seconds"]) / 2)
        assert row["images_per_second"] == 2 * 4 / row["median"]
    for row in piece["ratios"]:
        over, under = (engines[row[side]]["seconds"] for side in ("over", "under"))
        if row["of"] == "rounds":
            assert row["rounds"] == [a / b for a, b in zip(over, under, strict=True)]


def test_a_run_on_pytorch_alone_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "kernels", lambda: None)
    assert record.surroundings()["kernels"] is False


def test_without_out_the_record_goes_to_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {file: file.stat().st_mtime_ns for file in RESULTS.glob("speed*")}
    monkeypatch.setattr(speed, "__file__", str(tmp_path / "speed.py"))
    assert speed.main([*TINY, "--methods", "gdas"]) == 0
    assert (
        f"record: {tmp_path / 'results' / f'speed_cpu_{target().name}.json'}"
        in capsys.readouterr().out
    )
    assert held == {file: file.stat().st_mtime_ns for file in RESULTS.glob("speed*")}


def test_glibc_s_own_allocator_can_be_had(tmp_path: Path) -> None:
    found = race(tmp_path / "speed.json", "--methods", "gdas", "--allocator", "default")
    assert found["settings"]["allocator"] == "default"
    assert list(found["pieces"]["race, samplers"]["engines"]) == ["fast:gdas"]


def test_memory_of_an_engine_in_its_own_process() -> None:
    options = read([*TINY, "--methods", "edd_darts"])
    entrant = Entrant(kind="fast", layout="channels_last", method="edd_darts")
    found = cpu.peak_memory(entrant, SHAPE, options)
    # Python with torch takes tens of MiB at the least, and this network next to nothing.
    assert 30 < found["memory_before_mib"] <= found["memory_mib"] < 16_384


def test_memory_is_in_the_record_of_all_but_the_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def peak(entrant: Entrant, shape: Shape, _: object) -> Record:
        assert shape == SHAPE
        asked.append(entrant.name)
        return {"memory_mib": 300.0, "memory_before_mib": 200.0}

    monkeypatch.setattr(cpu, "peak_memory", peak)
    found = race(tmp_path / "speed.json", "--memory")
    rows = [piece for piece in found["pieces"].values() if piece["kind"] == "memory"]
    assert asked == [row["engine"] for row in rows]
    assert sorted(asked) == sorted(OWN - {"floor"})
    assert all(row["memory_mib"] == 300.0 for row in rows)


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    options = read([*TINY, "--methods", "edd_darts"])
    options.autodl = str(tmp_path)
    entrant = Entrant(kind="autodl", layout="contiguous", method="darts_v1")
    with pytest.raises(UserError, match=r"memory of autodl:darts_v1 .* no checkout of AutoDL"):
        cpu.peak_memory(entrant, SHAPE, options)
