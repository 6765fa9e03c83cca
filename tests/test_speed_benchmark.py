from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import speed
import torch
from racing import compare, entrants, measure
from racing import floor as floors
from racing.shape import Shape
from torch.utils._python_dispatch import TorchDispatchMode

from naslib_edd.bilevel import FirstOrder
from naslib_edd.supernet import PlainSupernet

TINY = ["--channels=2", "--cells=1", "--batch-size=4", "--size=8", "--warmup=1", "--threads=1"]
CPU = torch.device("cpu")


class Recorder(TorchDispatchMode):
    """Counts the convolutions that really run: (input, weight, stride, gradients asked for)."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[tuple[Any, ...]] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is torch.ops.aten.convolution.default:
            x, w, _, stride = args[:4]
            self._count(args[8], x, w, stride, None)
        elif func is torch.ops.aten.convolution_backward.default:
            _, x, w, _, stride = args[:5]
            self._count(args[9], x, w, stride, tuple(args[-1]))
        return func(*args, **(kwargs or {}))

    def _count(self, groups: int, x: Any, w: Any, stride: Any, asked: Any) -> None:
        # The fast supernet's pool is a depthwise convolution on a CPU; it is none of the floor's.
        if groups == 1:
            self.calls[tuple(x.shape), tuple(w.shape), tuple(stride), asked] += 1


def recorded(step: Callable[[], object]) -> Counter[tuple[Any, ...]]:
    with Recorder() as recorder:
        step()
    return recorder.calls


@pytest.mark.parametrize("method", ["darts_v1", "edd_darts"])
@pytest.mark.parametrize("cells", [1, 2])
def test_floor_runs_the_convolutions_of_the_fast_step(method: str, cells: int) -> None:
    """The 3×3 ones exactly; the fast step has more 1×1 ones, in the place of batch norms."""
    shape = Shape(channels=2, cells=cells, batch_size=4, size=8)
    entrant = entrants.Entrant(kind="fast", layout="channels_last", method=method)
    real = recorded(entrants.bilevel_step(entrant, shape, CPU))
    floor, _ = floors.floor_step(shape, CPU, trials=1)
    least = recorded(floor)
    assert sum(least.values()) == 4 * (18 * cells + 7) - 3

    def spatial(calls: Counter[tuple[Any, ...]]) -> dict[tuple[Any, ...], int]:
        return {call: count for call, count in calls.items() if call[1][-1] == 3}

    assert spatial(least) == spatial(real)
    kinds: list[Counter[tuple[Any, ...]]] = [Counter(), Counter()]
    for counted, calls in zip(kinds, (least, real), strict=True):
        for (x, w, stride, asked), count in calls.items():
            counted[x, w, stride, asked is None] += count
    assert kinds[0] <= kinds[1]


def test_convolutions_of_a_small_network_counted_by_hand() -> None:
    convs, untouched = floors.convolutions(Shape(channels=2, cells=1, batch_size=4, size=8))
    found = [(c.channels_in, c.channels_out, c.kernel, c.size, c.stride) for c in convs]
    assert found == [
        (3, 2, 3, 8, 1),
        *[(2, 6, 1, 8, 1), (2, 6, 3, 8, 1), (2, 4, 1, 8, 1)],
        *[(2, 4, 3, 8, 1), (2, 2, 1, 8, 1), (2, 2, 3, 8, 1)],
        *[(2, 4, 1, 4, 1), (2, 4, 3, 8, 2), (4, 4, 3, 4, 1)],
        *[(4, 12, 1, 4, 1), (4, 12, 3, 4, 1), (4, 8, 1, 4, 1)],
        *[(4, 8, 3, 4, 1), (4, 4, 1, 4, 1), (4, 4, 3, 4, 1)],
        *[(4, 8, 1, 2, 1), (4, 8, 3, 4, 2), (8, 8, 3, 2, 1)],
        *[(8, 24, 1, 2, 1), (8, 24, 3, 2, 1), (8, 16, 1, 2, 1)],
        *[(8, 16, 3, 2, 1), (8, 8, 1, 2, 1), (8, 8, 3, 2, 1)],
    ]
    assert untouched == {0, 1, 2}


@pytest.mark.parametrize(("C", "N", "B", "S"), [(2, 1, 4, 8), (16, 5, 64, 32), (3, 2, 5, 12)])
def test_flops_of_the_floor(C: int, N: int, B: int, S: int) -> None:
    # Multiply-adds of one image, one way. C·S is the same in all stages: a cell has 6 edges of
    # 1 + 9 taps, a reduction (9 + 1)/2 + 9 taps on its output's channels.
    stem = 27 * C * S**2
    forward = stem + (3 * N * 60 + 2 * 14) * (C * S) ** 2
    first_node = 3 * 10 * (C * S) ** 2
    step = 2 * forward + forward + (forward - stem) + (forward - stem - first_node)
    every = floors.passes(Shape(channels=C, cells=N, batch_size=B, size=S))
    assert sum(one.flops(B) for one in every) == 2 * B * step


def test_record_of_a_tiny_race(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "speed.json"
    arguments = [*TINY, "--repeats=2", "--out", str(out)]
    assert speed.main(arguments) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert set(record) == {
        *("command", "processor", "gpu", "threads", "torch", "python", "system", "naslib_edd"),
        *("date", "settings", "engines", "ratios", "floor"),
    }
    assert record["settings"] == {
        **{"channels": 2, "cells": 1, "batch_size": 4, "size": 8, "dtype": "float32"},
        **{"methods": ["darts_v1", "edd_darts"], "repeats": 2, "warmup": 1, "threads": 1},
        **{"device": "cpu", "memory": False, "autodl": None},
        "cudnn_tf32": torch.backends.cudnn.allow_tf32,
    }
    assert record["torch"] == torch.__version__ and record["threads"] == 1
    assert record["processor"] and record["gpu"] is None
    assert record["command"].startswith("python benchmarks/speed.py --channels=2 ")
    assert str(tmp_path) not in json.dumps(record)
    engines = record["engines"]
    assert list(engines) == [
        *("fast:darts_v1", "plain:darts_v1:contiguous", "plain:darts_v1:channels_last"),
        *("fast:edd_darts", "plain:edd_darts:contiguous", "plain:edd_darts:channels_last"),
        "floor",
    ]
    for row in engines.values():
        assert len(row["seconds"]) == 2 and len(row["warmup_seconds"]) == 1
        assert row["min"] == min(row["seconds"]) > 0 and row["max"] == max(row["seconds"])
        assert row["median"] == pytest.approx(sum(row["seconds"]) / 2)
    for row in record["ratios"]:
        over, under = (engines[row[side]]["seconds"] for side in ("over", "under"))
        assert row["rounds"] == [a / b for a, b in zip(over, under, strict=True)]
    passes = record["floor"]["passes"]
    assert sum(row["count"] for row in passes) == 97
    assert record["floor"]["gflop"] * 1e9 == sum(row["flops"] * row["count"] for row in passes)
    for row in passes:
        middle = {layout: sorted(trials)[1] for layout, trials in row["seconds"].items()}
        assert middle[row["layout"]] == min(middle.values())
    shown = capsys.readouterr().out
    assert "fast / plain," in shown and f"record: {out}" in shown


def test_steps_alternate_and_are_all_kept() -> None:
    order: list[str] = []
    steps = {name: lambda name=name: order.append(name) for name in "ABC"}
    ticks: list[str] = []
    seconds = measure.race(steps, rounds=3, device=CPU, tick=ticks.append)
    assert order == list("ABC" * 3)
    assert len(ticks) == 9 and {name: len(row) for name, row in seconds.items()} == dict.fromkeys(
        "ABC", 3
    )


def made_up(times: dict[str, float]) -> list[dict[str, Any]]:
    racers = entrants.lineup(["darts_v1"], autodl=True)
    # A machine that is twice as slow in the second round moves no ratio.
    seconds = {one.name: [times[one.name] * k for k in (1, 2, 1)] for one in racers}
    return list(compare.compare(racers, seconds))


TIMES = {
    "fast:darts_v1": 2.0,
    "plain:darts_v1:contiguous": 4.0,
    "plain:darts_v1:channels_last": 5.0,
    "autodl:darts_v1": 4.0,
    "floor": 1.0,
}


def test_goals_are_judged_by_plain_as_it_runs() -> None:
    ratios = {row["label"]: row for row in made_up(TIMES)}
    assert {label: row["median"] for label, row in ratios.items()} == {
        "fast / plain, darts_v1": 0.5,
        "fast / plain in channels_last, darts_v1": 0.4,
        "fast / floor, darts_v1": 2.0,
        "plain / AutoDL": 1.0,
        "fast / AutoDL": 0.5,
    }
    lines, met = compare.judge(list(ratios.values()))
    assert met and len(lines) == 2 and all(line.startswith("met") for line in lines)


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({"fast:darts_v1": 2.2}, []),
        ({"fast:darts_v1": 2.21}, ["fast / plain, darts_v1"]),
        (
            {"fast:darts_v1": 2.7, "plain:darts_v1:contiguous": 4.8},
            ["fast / plain, darts_v1", "plain / AutoDL"],
        ),
        ({"autodl:darts_v1": 3.6}, ["plain / AutoDL"]),
        ({"plain:darts_v1:channels_last": 3.0}, []),  # shown, without a goal
    ],
)
def test_missed_goals(change: dict[str, float], missed: list[str]) -> None:
    lines, met = compare.judge(made_up({**TIMES, **change}))
    assert [line.split(":")[0].split(None, 1)[1] for line in lines if "MISSED" in line] == missed
    assert met is not bool(missed)


@pytest.mark.parametrize(("fast", "code"), [(0.5, 0), (0.6, 1)])
def test_assert_sets_the_exit_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fast: float,
    code: int,
) -> None:
    def race(steps: dict[str, Any], *, rounds: int, **_: object) -> dict[str, list[float]]:
        return {name: [fast if name.startswith("fast") else 1.0] * rounds for name in steps}

    monkeypatch.setattr(measure, "race", race)
    out = ["--methods", "edd_darts", "--out", str(tmp_path / "speed.json")]
    assert speed.main([*TINY, *out]) == 0
    assert "goal at most" not in capsys.readouterr().out
    assert speed.main([*TINY, *out, "--assert"]) == code
    assert ("MISSED" in capsys.readouterr().out) == bool(code)
    assert (tmp_path / "speed.json").exists()  # a missed goal is no reason to lose the record


def test_memory_of_an_engine_in_its_own_process() -> None:
    options = speed.read([*TINY, "--methods", "edd_darts"])
    entrant = entrants.Entrant(kind="fast", layout="channels_last", method="edd_darts")
    found = measure.peak_rss(entrant, options)
    # Python with torch takes tens of MiB at the least, and this network next to nothing.
    assert 30 < found["memory_before_mib"] <= found["memory_mib"] < 16_384


AUTODL = """
import torch
from naslib_edd.supernet import PlainSupernet

made = []

class TinyNetworkDarts(torch.nn.Module):
    def __init__(self, C, N, max_nodes, num_classes, search_space, affine, running):
        super().__init__()
        assert max_nodes == 4 and not affine and len(search_space) == 5
        self.supernet = PlainSupernet(channels=C, cells=N, classes=num_classes, running=running)
        self.arch_parameters = torch.nn.Parameter(1e-3 * torch.randn(6, len(search_space)))
        made.append(self)

    def get_weights(self):
        return list(self.supernet.parameters())

    def get_alphas(self):
        return [self.arch_parameters]

    def forward(self, x):
        return None, self.supernet(x, self.arch_parameters.softmax(-1))
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The interface of AutoDL-Projects' DARTS network, over this project's plain supernet."""
    folder = tmp_path / "AutoDL"
    file = folder / "xautodl" / "models" / "cell_searchs" / "search_model_darts.py"
    file.parent.mkdir(parents=True)
    file.write_text(AUTODL, encoding="utf-8")
    for name in [name for name in sys.modules if name.split(".")[0] == "xautodl"]:
        monkeypatch.delitem(sys.modules, name)
    return folder


@pytest.fixture(autouse=True)
def forget_checkouts() -> Any:
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "xautodl"]:
        del sys.modules[name]


def test_the_step_of_autodl_is_the_plain_step_of_darts_v1(checkout: Path) -> None:
    shape = Shape(channels=2, cells=1, batch_size=4, size=8)
    entrant = entrants.Entrant(kind="plain", layout="contiguous", method="darts_v1")
    own = entrants.bilevel_step(entrant, shape, CPU)
    other = entrants.autodl_step(checkout, shape, CPU)
    for _ in range(3):
        own(), other()
    bilevel = own.func.__self__
    (network,) = sys.modules["xautodl.models.cell_searchs.search_model_darts"].made
    assert isinstance(bilevel, FirstOrder) and isinstance(bilevel.supernet, PlainSupernet)
    torch.testing.assert_close(network.arch_parameters, bilevel.logits, check_stride=False)
    for mine, theirs in zip(bilevel.parameters, network.get_weights(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_race_with_a_checkout(checkout: Path, tmp_path: Path) -> None:
    out = tmp_path / "speed.json"
    arguments = [*TINY, "--repeats=1", "--methods", "darts_v1", "--out", str(out)]
    assert speed.main([*arguments, "--autodl", str(checkout)]) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert len(record["engines"]["autodl:darts_v1"]["seconds"]) == 1
    assert record["settings"]["autodl"] == "unknown"  # it is no git checkout
    assert "--autodl AutoDL-Projects" in record["command"]
    assert str(tmp_path) not in json.dumps(record)
    assert [row["label"] for row in record["ratios"]][-1] == "fast / AutoDL"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "10"], "multiple of 4"),
        (["--channels", "0"], "whole number of 1 or more"),
        (["--methods", "dart_v1"], "did you mean 'darts_v1'"),
        (["--autodl", "nowhere"], "no checkout of AutoDL-Projects"),
        (["--autodl", "nowhere", "--methods", "edd_darts"], "add it to --methods"),
        (["--fast"], "unrecognized arguments"),
        (["--out", "."], "is a folder"),
    ],
)
def test_bad_input_gives_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert speed.main([*TINY, *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("speed.py: ") and words in error and error.count("\n") == 1


def test_cuda_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert speed.main([*TINY, "--device", "cuda"]) == 2
    assert "no CUDA device" in capsys.readouterr().err


@pytest.mark.gpu
def test_race_on_a_gpu(tmp_path: Path) -> None:
    out = tmp_path / "speed.json"
    assert speed.main([*TINY, "--repeats=2", "--device=cuda", "--out", str(out)]) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["gpu"] and not any("met" in row for row in record["ratios"])
    assert record["engines"]["fast:edd_darts"]["memory_mib"] > 0
