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
from racing import floor, gpu
from racing.compare import compare, judge, measured
from racing.entrants import races, timings
from racing.record import run_pieces
from racing.show import show
from racing.steps import LAYOUTS, Record, Shape
from rich.console import Console
from speed import read
from tiny_race import METHODS, SHAPE, TINY

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
    grouped = races(METHODS, ("autodl", "naslib"), fast=partial(gpu.fast, SHAPE))
    found = {name: [one.name for one in row] for name, row in grouped.items()}
    own = ["fast:{}", "fast:{}:graph", "fast:{}:bf16", "fast:{}:bf16:graph"]
    darts, edd = ([one.format(method) for one in own] for method in ("darts_v1", "edd_darts"))
    plain = [f"plain:{{}}:{layout}" for layout in LAYOUTS]
    assert found == {
        "autodl": [*darts, "plain:darts_v1:contiguous", "autodl:darts_v1"],
        "naslib": [*darts, "naslib:darts_v1"],
        "floor": [*darts, *edd, "floor", "floor:bf16"],
        "plain, darts_v1": [*darts, *(one.format("darts_v1") for one in plain)],
        "plain, edd_darts": [*edd, *(one.format("edd_darts") for one in plain)],
        # The host draws their samples: there is no graph.
        "samplers": [
            *("naslib:gdas", "fast:gdas", "fast:gdas:bf16"),
            *("fast:ets_gdas", "fast:ets_gdas:bf16"),
        ],
    }


def test_ratios_of_a_gpu() -> None:
    seconds = {"fast:darts_v1": 2.0, "fast:darts_v1:bf16:graph": 1.0, "fast:edd_darts:bf16": 1.0}
    seconds |= {"fast:darts_v1:bf16": 1.5, "floor": 0.5, "floor:bf16": 0.25, "autodl:darts_v1": 8.0}
    found = compare({name: [one] for name, one in seconds.items()}, ", batch 64")
    assert {row["label"].removesuffix(", batch 64"): row["median"] for row in found} == {
        "fast / AutoDL": 0.25,
        "fast / floor, darts_v1": 4.0,
        "fast:bf16:graph / AutoDL": 0.125,
        "fast:bf16:graph / floor, darts_v1": 4.0,
        "fast:bf16 / AutoDL": 1.5 / 8,
        "fast:bf16 / floor, darts_v1": 6.0,
        "fast:bf16 / floor, edd_darts": 4.0,
        "bf16 / fp32, darts_v1": 0.75,
        "edd_darts / darts_v1, fast:bf16": 1 / 1.5,
    }


def test_a_graph_is_refused_without_a_gpu() -> None:
    with pytest.raises(UserError, match="no GPU is used"):
        timings([gpu.fast(SHAPE, "darts_v1")[1]], options("--methods", "darts_v1"))


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
        if one.gradients:  # the mask leaves out the input where only the weight's gradient is asked
            grad, x, w = tensors[:3]
            least += grad.numel() + sum(t.numel() for t in tensors[3:])
            least += (x.numel() if one.of_weight else 0) + (w.numel() if one.of_input else 0)
            assert len(tensors) == 3 + one.gradients
        else:
            least += sum(t.numel() for t in tensors)
    assert floor.traffic(shape, "fp32") == 4 * least
    assert floor.traffic(shape, "bf16") == 2 * least


def test_bandwidth_counts_reading_and_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "timed", lambda step, device: 0.5)
    assert floor.copy_bandwidth(CPU, size=1000, trials=3) == 4000.0


SEARCH = {"epochs": 5, "images": 32}


def test_a_search_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NASLIB_EDD_CIFAR10", raising=False)
    monkeypatch.delenv("NASLIB_EDD_DATA", raising=False)
    found = gpu.own_search(options(), 16, 0, epochs=2, images=32)
    assert len(found["seconds"]) == found["epochs"] == 2
    assert found["images"].startswith("random images") and found["path"].startswith("eager, bf16")
    assert found["total"] == pytest.approx(found["before"] + sum(found["seconds"]))


@pytest.mark.skipif(no_bf16() is not None, reason="a CPU without bf16")
def test_two_searches_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NASLIB_EDD_CIFAR10", raising=False)
    monkeypatch.delenv("NASLIB_EDD_DATA", raising=False)
    found = gpu.searches(options(), 16, number=2, **SEARCH, run_epochs=1)
    assert [one["seed"] for one in found] == [0, 1]
    assert all(len(one["seconds"]) == one["epochs"] == 1 for one in found)


def test_a_search_that_fails_in_its_process_says_why() -> None:
    with pytest.raises(UserError, match=r"a search failed: .*batch_size"):
        gpu.searches(options(), 0, **SEARCH)


def searches(_: object, batch: int, *, number: int = 1, **of: Any) -> list[Record]:
    """In the place of real ones."""
    seconds = [1.5 if number > 1 else 1.0] * of.get("run_epochs", 50)
    row = {"seconds": seconds, "epochs": len(seconds), "total": 55.0, "before": 5.0}
    row |= {"images": "CIFAR-10", "path": "one CUDA graph, bf16"}
    return [{**row, "seed": seed} for seed in range(number)]


def test_all_pieces_and_what_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tiny run whose device is a CPU, without graphs and searches."""
    monkeypatch.setattr(gpu, "searches", searches)
    monkeypatch.setattr(gpu, "copy_bandwidth", lambda device: 1e9)
    monkeypatch.setattr(gpu, "host_work", lambda search: "no graphs here")
    monkeypatch.setattr(gpu, "replace", lambda shape, batch_size: SHAPE)
    given = options("--methods", "darts_v1", "gdas")
    given.batch_sizes = [64, 2]
    out, told = tmp_path / "speed_cuda.json", list[str]()
    goals = gpu.aims(given.batch_sizes)

    def run() -> Record:
        return run_pieces(
            gpu.make_pieces(given),
            lambda pieces: judge(goals, measured(pieces)),
            out,
            head={"isa": "x", "processor": "x", "gpu": "x", "threads": 1, "torch": "2"},
            settings={},
            tell=told.append,
        )

    record = run() | {"kernels": False}
    raced = ("floor", "plain, darts_v1", "samplers")
    assert list(record["pieces"]) == [
        *(f"race, {name}, batch {batch}" for batch in (64, 2) for name in raced),
        *("search, batch 64", "search, batch 2", "4 seeds, batch 64"),
    ]
    race = record["pieces"]["race, floor, batch 64"]
    names = ["fast:darts_v1", "fast:darts_v1:bf16", "floor", "floor:bf16"]
    assert list(race["engines"]) == names
    assert {row["precision"] for row in race["floor"]["passes"]} == {"fp32", "bf16"}
    row = race["engines"]["fast:darts_v1:bf16"]
    assert row["of_bandwidth"] == row["bytes"] / 1e9 / row["median"] > 0
    assert row["bytes"] == floor.traffic(SHAPE, "bf16")
    assert len(row["warmup_seconds"]) == 5  # after the three that come before a capture
    assert race["floor"]["gflop"] == sum(one.flops(4) for one in floor.passes(SHAPE)) / 1e9
    (ratio,) = record["pieces"]["4 seeds, batch 64"]["numbers"]
    assert ratio["median"] == 1.5
    met = {row["label"]: row["met"] for row in record["goals"]}
    assert met == {
        "fast:bf16:graph / AutoDL, batch 64": None,
        "search of 50 epochs, batch 64, s": True,
        "4 seeds at once / one": True,
    }
    assert json.loads(out.read_text(encoding="utf-8")) | {"kernels": False} == record
    assert run()["pieces"] == record["pieces"]
    assert "4 seeds, batch 64: in speed_cuda.json already" in told
    show(record, Console(width=110))
    shown = capsys.readouterr().out
    assert "CIFAR-10; one CUDA graph" in shown and "search of 50 epochs, batch 64, s 55.0" in shown
    assert "4 seeds at once / one 1.5" in shown and "fast:darts_v1:bf16 moves at least" in shown


def test_goals_of_a_gpu() -> None:
    goals = gpu.aims([64, 256])
    best = "fast:bf16:graph / AutoDL, batch"
    assert {goal.label: goal.at_most for goal in goals} == {
        f"{best} 64": 1 / 15,
        f"{best} 256": 1 / 6,
        "search of 50 epochs, batch 64, s": 150,
        "search of 50 epochs, batch 256, s": 80,
        "4 seeds at once / one": 2,
    }

    def race(batch: int, fast: float) -> Record:
        seconds = {"fast:darts_v1:bf16:graph": [fast], "autodl:darts_v1": [1.0]}
        return {"kind": "race", "ratios": compare(seconds, f", batch {batch}")}

    def search(batch: int, total: float) -> Record:
        return {"kind": "search", "numbers": [{"label": gpu.search_label(batch), "median": total}]}

    pieces = {"a": race(64, 0.06), "b": race(256, 0.2), "c": search(64, 149), "d": search(256, 81)}
    pieces["e"] = {"kind": "seeds", "numbers": [{"label": gpu.SEEDS_LABEL, "median": 2.0}]}
    rows = judge(goals, measured(pieces))
    assert [row["met"] for row in rows] == [True, True, False, False, True]


@pytest.mark.gpu
def test_the_benchmark_on_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pieces, their searches of two epochs of few images."""
    for name in ("search", "seeds"):
        trial = partial(getattr(gpu, name), run_epochs=2, images=64)
        monkeypatch.setattr(gpu, name, trial)
    monkeypatch.delenv("NASLIB_EDD_CIFAR10", raising=False)
    monkeypatch.delenv("NASLIB_EDD_DATA", raising=False)
    out = tmp_path / "speed.json"
    assert speed.main([*TINY, "--device=cuda", "--out", str(out)]) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["gpu"] and record["kernels"] is False
    race = record["pieces"]["race, floor, batch 4"]["engines"]
    assert race["fast:edd_darts:bf16:graph"]["memory_mib"] > 0
    assert record["pieces"]["search, batch 4"]["path"].startswith("one CUDA graph")
