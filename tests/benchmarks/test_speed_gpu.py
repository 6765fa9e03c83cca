"""The benchmark of a GPU: its entrants, estimates and searches, as far as a CPU shows them."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import speed
import torch
from racing import alone, floor, gpu, measure
from racing.goals import judge
from racing.options import read
from racing.race import engines
from racing.shape import Record, Shape
from racing.tables import show
from rich.console import Console
from tiny_race import SHAPE, TINY

from naslib_edd.errors import UserError
from naslib_edd.supernet.native.targets import no_bf16

pytestmark = pytest.mark.benchmark

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def bf16_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Right on every processor, if slow where the instructions are emulated."""
    monkeypatch.setattr("naslib_edd.engine.build.step.no_bf16", lambda: None)


def options(*arguments: str) -> argparse.Namespace:
    return read([*TINY, *arguments])


def test_entrants_of_a_gpu() -> None:
    given = options()
    given.rivals = ["autodl", "naslib"]
    assert [one.name for one in gpu.lineup_gpu(given, "bf16")] == [
        *("fast:darts_v1:bf16", "fast:darts_v1:bf16:graph"),
        *("fast:edd_darts:bf16", "fast:edd_darts:bf16:graph"),
        *("plain:darts_v1:contiguous", "autodl:darts_v1", "naslib:darts_v1", "floor:bf16"),
        *("naslib:gdas", "fast:gdas:bf16", "fast:ets_gdas:bf16"),
    ]
    assert "fast:darts_v1:graph" in [one.name for one in gpu.lineup_gpu(given, "fp32")]
    given.methods = ["gdas"]
    names = [one.name for one in gpu.lineup_gpu(given, "fp32")]
    assert names == ["floor", "naslib:gdas", "fast:gdas"]


def test_a_graph_is_refused_without_a_gpu() -> None:
    given = options("--methods", "darts_v1")
    entrant = gpu.lineup_gpu(given, "fp32")[1]
    assert entrant.graph
    with pytest.raises(UserError, match="no GPU is used"):
        engines([entrant], given, lambda _: None)


@pytest.mark.parametrize(("C", "N", "B", "S"), [(4, 1, 4, 8), (3, 2, 5, 12)])
def test_bytes_are_those_of_the_tensors_of_every_pass(C: int, N: int, B: int, S: int) -> None:
    """The formula beside the tensors of the real passes."""
    shape = Shape(channels=C, cells=N, batch_size=B, size=S)
    least = 0
    for one in floor.passes(shape):
        step: Any = one.prepare("contiguous", B, CPU, torch.float32)
        assert isinstance(step, partial)
        results = step()
        every = [*step.args, *(results if isinstance(results, tuple) else [results])]
        tensors = [x for x in every if isinstance(x, torch.Tensor)]
        if one.backward:  # the mask leaves out the input where only the weight's gradient is asked
            grad, x, w = tensors[:3]
            asked = one.of_input + one.of_weight
            least += grad.numel() + sum(t.numel() for t in tensors[3:])
            least += (x.numel() if one.of_weight else 0) + (w.numel() if one.of_input else 0)
            assert len(tensors) == 3 + asked
        else:
            least += sum(t.numel() for t in tensors)
    assert floor.least_bytes(shape, "fp32") == 4 * least
    assert floor.least_bytes(shape, "bf16") == 2 * least


def test_bandwidth_counts_reading_and_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "timed", lambda step, device: 0.5)
    assert floor.copy_bandwidth(CPU, size=1000, trials=3) == 4000.0
    assert floor.traffic(SHAPE, "fp32", 4.0)["seconds"] == floor.least_bytes(SHAPE, "fp32") / 4


def test_total_counts_what_was_not_run_as_the_median_after_the_first() -> None:
    assert alone.total([9.0, 2.0, 3.0, 2.0], 10) == 16.0 + 6 * 2.0
    assert alone.total([9.0, 2.0], 2) == 11.0
    assert alone.total([9.0], 3) == 27.0


SEARCH = {"epochs": 5, "images": 32}


def test_a_search_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NASLIB_EDD_CIFAR10", raising=False)
    monkeypatch.delenv("NASLIB_EDD_DATA", raising=False)
    found = alone.own_search(options(), 16, 0, epochs=2, images=32)
    assert len(found["seconds"]) == found["epochs"] == 2 and not found["extrapolated"]
    assert found["images"].startswith("random images") and found["path"].startswith("eager, bf16")
    assert found["total"] == pytest.approx(found["before"] + sum(found["seconds"]))


def test_a_search_that_is_too_long_is_extrapolated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NASLIB_EDD_CIFAR10", raising=False)
    monkeypatch.delenv("NASLIB_EDD_DATA", raising=False)
    monkeypatch.setattr(alone, "LIMIT_SECONDS", 40.0)
    monkeypatch.setattr(alone, "timed", lambda step, device: step() or 10.0)
    found = alone.own_search(options(), 16, 0, **SEARCH)
    assert found["seconds"] == [10.0] * 2 and found["extrapolated"]
    assert found["total"] == pytest.approx(found["before"] + 50.0)


@pytest.mark.skipif(no_bf16() is not None, reason="a CPU without bf16")
def test_two_searches_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NASLIB_EDD_CIFAR10", raising=False)
    monkeypatch.delenv("NASLIB_EDD_DATA", raising=False)
    found = alone.searches(options(), 16, seeds=2, **SEARCH, run_epochs=1)
    assert [one["seed"] for one in found] == [0, 1]
    assert all(len(one["seconds"]) == 1 and one["extrapolated"] for one in found)


def test_a_search_that_fails_in_its_process_says_why() -> None:
    with pytest.raises(UserError, match=r"a search failed: .*batch_size"):
        alone.searches(options(), 0, **SEARCH)


class Fake:
    """Pieces' results without a GPU."""

    def search(self, _: object, batch: int, *, seeds: int = 1, **of: Any) -> list[Record]:
        seconds = [1.0] * of.get("run_epochs", 50)
        seconds = [1.5 * one for one in seconds] if seeds > 1 else seconds
        row = {"seconds": seconds, "epochs": 50, "total": 55.0, "extrapolated": False}
        row |= {"images": "CIFAR-10", "path": "one CUDA graph, bf16", "before": 5.0}
        return [{**row, "seed": seed} for seed in range(seeds)]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """A tiny run whose device is a CPU, without graphs and searches."""
    monkeypatch.setattr(gpu, "searches", Fake().search)
    monkeypatch.setattr(gpu, "copy_bandwidth", lambda device: 1e9)
    found = options("--methods", "darts_v1", "gdas")
    found.batch_sizes = [64, 2]
    monkeypatch.setattr(gpu, "replace", lambda shape, batch_size: SHAPE)
    monkeypatch.setattr(measure, "make_pieces", gpu.make_pieces)
    monkeypatch.setattr(measure, "measured", gpu.measured)
    monkeypatch.setattr(measure.goals, "aims", lambda _: gpu.aims(found.batch_sizes))  # type: ignore[attr-defined]
    monkeypatch.setattr(measure.auto, "aims", list)  # type: ignore[attr-defined]
    return found


def test_all_pieces_and_what_is_shown(
    given: argparse.Namespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, console = tmp_path / "speed_cuda.json", Console(width=110)
    record = measure.measure(given, out, console)
    assert list(record["pieces"]) == [
        *("race, fp32, batch 64", "race, fp32, batch 2"),
        *("race, bf16, batch 64", "race, bf16, batch 2"),
        *("search, batch 64", "search, batch 2", "4 seeds, batch 64"),
    ]
    race = record["pieces"]["race, bf16, batch 64"]
    names = ["fast:darts_v1:bf16", "plain:darts_v1:contiguous", "floor:bf16", "fast:gdas:bf16"]
    assert list(race["engines"]) == names
    row = race["engines"]["fast:darts_v1:bf16"]
    assert row["of_bandwidth"] == race["traffic"]["seconds"] / row["median"] > 0
    assert len(row["warmup_seconds"]) == 5  # after the three that come before a capture
    assert record["pieces"]["4 seeds, batch 64"]["ratio"] == 1.5
    met = {row["label"]: row["met"] for row in record["goals"]}
    assert met == {
        "fast:darts_v1:bf16:graph / AutoDL, batch 64": None,
        "search of 50 epochs, batch 64, s": True,
        "4 seeds at once / one": True,
    }
    assert json.loads(out.read_text(encoding="utf-8")) == record
    again = measure.measure(given, out, console)
    assert again["pieces"] == record["pieces"]
    assert "4 seeds, batch 64: in speed_cuda.json already" in capsys.readouterr().out
    show(record, Console(width=110))
    shown = capsys.readouterr().out
    assert "55.0 s for 50 epochs, all of them run; CIFAR-10; one CUDA graph" in shown
    assert "4 at once take 1.50 times as long as one" in shown and "search, batch 64" in shown


def test_goals_of_a_gpu() -> None:
    goals = gpu.aims([64, 256])
    best = "fast:darts_v1:bf16:graph / AutoDL, batch"
    assert {goal.label: goal.at_most for goal in goals} == {
        f"{best} 64": 1 / 15,
        f"{best} 256": 1 / 6,
        "search of 50 epochs, batch 64, s": 150,
        "search of 50 epochs, batch 256, s": 80,
        "4 seeds at once / one": 2,
    }

    def race(batch: int, fast: float) -> Record:
        rows = {gpu.BEST: {"median": fast}, "autodl:darts_v1": {"median": 1.0}}
        return {"kind": "race", "batch_size": batch, "engines": rows}

    def search(batch: int, total: float) -> Record:
        return {"kind": "search", "batch_size": batch, "epochs": 50, "total": total}

    pieces = {"a": race(64, 0.06), "b": race(256, 0.2), "c": search(64, 149), "d": search(256, 81)}
    pieces["e"] = {"kind": "seeds", "ratio": 2.0}
    rows = judge(goals, gpu.measured(pieces))
    assert [row["met"] for row in rows] == [True, True, False, False, True]


@pytest.mark.gpu
def test_the_benchmark_on_a_gpu(tmp_path: Path) -> None:
    out = tmp_path / "speed.json"
    assert speed.main([*TINY, "--device=cuda", "--out", str(out)]) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["gpu"] and record["kernels"] is False
    race = record["pieces"]["race, bf16, batch 4"]["engines"]
    assert race["fast:edd_darts:bf16:graph"]["memory_mib"] > 0
    assert record["pieces"]["search, batch 4"]["path"].startswith("one CUDA graph")
