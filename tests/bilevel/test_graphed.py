"""Captured steps: the very steps of an eager run, on a CPU, by a tape."""

from __future__ import annotations

import copy
import dataclasses
import importlib
from typing import Any

import pytest
import torch
from graphed_runs import FIFTY, assert_same_state, eager, engine_of, run_epochs
from helpers import every
from tape import Tape

from naslib_edd.bilevel import graphed
from naslib_edd.bilevel.graphed import WARM_UP, GraphedStep
from naslib_edd.config.loading import load
from naslib_edd.config.methods import METHODS
from naslib_edd.engine import state as state_module
from naslib_edd.engine.build import StepMode
from naslib_edd.engine.build import step as step_module
from naslib_edd.engine.build.step import host_work
from naslib_edd.spaces.nb201 import fused
from naslib_edd.supernet import pool

#: Methods whose steps a graph can hold.
CAPTURED = ["darts_v1", "edd_darts", "drnas", "gaea_pc_darts"]
#: More of them, by default left to `slow`.
ALIKE = ["pc_darts", "gaea_erm", "beta_darts", "fair_darts", "darts_minus", "sparse_nas"]


@pytest.fixture
def on_tape(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A GPU's path on the CPU: graphed steps, on tapes. The list: what they were told, in order."""
    calls: list[str] = []

    def path(search: Any, device: torch.device) -> StepMode:
        why = host_work(search)
        return StepMode(graphed=why is None, precision=search.precision, why=why)

    monkeypatch.setattr(step_module, "CudaGraph", lambda **_: Tape(calls))
    monkeypatch.setattr(state_module, "step_mode", path)
    for module in (fused, pool):  # no tape sees a kernel in C++
        monkeypatch.setattr(module, "native_kernels", lambda *_: None)
    # torch allows Adam's capturable state on accelerators only.
    devices = "_get_capturable_supported_devices"
    adam = importlib.import_module("torch.optim.adam")
    monkeypatch.setattr(adam, devices, lambda *_, **__: ["cpu"])
    return calls


@pytest.mark.search
@pytest.mark.parametrize(
    ("method", "size"),
    [
        *[(name, FIFTY if name == "edd_darts" else {}) for name in CAPTURED],
        *[pytest.param(name, {}, marks=pytest.mark.slow) for name in ALIKE],
    ],
)
def test_steps_are_the_eager_ones_bit_for_bit(
    method: str, size: dict[str, Any], on_tape: list[str]
) -> None:
    wanted, found = eager(engine_of(method, **size)), engine_of(method, **size)
    rows = run_epochs(wanted)
    assert run_epochs(found) == rows
    assert len(rows) * wanted.steps == (50 if size else 30)
    assert all(torch.isfinite(torch.tensor(row["logits"])).all() for row in rows)
    assert_same_state(found, wanted)
    assert on_tape.count("replay") >= (20 if size else 10)
    assert on_tape.count("run") + on_tape.count("replay") == len(rows) * wanted.steps


@pytest.mark.search
def test_schedules_are_captured_anew_and_nothing_else(on_tape: list[str]) -> None:
    for method, captures in (("edd_darts", 1), ("darts_minus", 5)):
        engine = engine_of(method)
        run_epochs(engine)
        assert engine.graphed is not None and engine.graphed.captures == captures, method


@pytest.mark.search
@pytest.mark.parametrize(
    ("method", "search"),
    [
        ("darts_v1", {"arch_warmup": 2}),
        ("drnas_progressive", {"channels": 4, "epochs": 5}),
        ("edd_darts", {"precision": "bf16"}),
        ("darts_v1", {"clip": "weights_and_logits", "clip_stale_logits": True, "grad_clip": 0.05}),
        *every(
            4,
            [
                ("edd_darts", {"variant": "release", "batch_size": 15, "epochs": 5}),
                ("sgas", {"epochs": 7}),
                ("edd_darts", {"supernet": "plain"}),
                ("edd_darts", {"order": "logits_first", "clip": "each"}),
            ],
        ),
    ],
)
def test_stages_and_settings(method: str, search: dict[str, Any], on_tape: list[str]) -> None:
    wanted, found = eager(engine_of(method, **search)), engine_of(method, **search)
    assert run_epochs(found) == run_epochs(wanted)
    assert_same_state(found, wanted)
    assert on_tape.count("replay") >= 15


@pytest.mark.search
def test_a_last_batch_that_is_not_full_runs_eagerly(on_tape: list[str]) -> None:
    size = {"limit_train": 52, "limit_val": 52, "batch_size": 10}  # 5 full batches and one of 2
    wanted, found = eager(engine_of("edd_darts", **size)), engine_of("edd_darts", **size)
    assert run_epochs(found) == run_epochs(wanted)
    assert on_tape.count("capture") == 1
    assert on_tape.count("run") == WARM_UP + 5
    assert on_tape.count("replay") == 25 - WARM_UP


@pytest.mark.search
@pytest.mark.parametrize("method", every(2, ["edd_darts", "drnas"]))
def test_a_checkpoint_is_the_eager_runs_and_goes_on_either_way(
    method: str, on_tape: list[str]
) -> None:
    wanted, first = eager(engine_of(method)), engine_of(method)
    for _ in range(17):
        for engine in (wanted, first):
            engine.run_step()
            if engine.step == engine.steps:
                engine.end_epoch()
    state = first.state_dict()
    groups = state["weight_optimizer"]["param_groups"] + state["logit_optimizer"]["param_groups"]
    assert all(isinstance(group["lr"], float) for group in groups)
    assert not any(group.get("capturable") for group in groups)
    assert groups[0]["lr"] == first.rate == wanted.rate
    rows = run_epochs(wanted)
    for resumed in (engine_of(method), eager(engine_of(method))):
        resumed.load_state_dict(copy.deepcopy(state))
        assert run_epochs(resumed) == rows
        assert_same_state(resumed, wanted)
    # And in the engine that has captured already: its graph's memory is no longer the state's.
    first.load_state_dict(copy.deepcopy(state))
    assert run_epochs(first) == rows


@pytest.mark.search
def test_as_torchs_own_optimizers_but_for_rounding(
    on_tape: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = engine_of("edd_darts")
    monkeypatch.setattr(
        state_module, "step_mode", lambda *_: StepMode(graphed=False, precision="fp32", why="")
    )
    wanted = engine_of("edd_darts")
    assert type(wanted.weight_optimizer) is torch.optim.SGD
    for _ in range(6):
        found.run_step()
        wanted.run_step()
    for a, b in zip(found.supernet.parameters(), wanted.supernet.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(found.logits, wanted.logits, rtol=1e-3, atol=1e-6)


@pytest.mark.search
def test_a_capture_that_fails_is_an_eager_step_and_one_warning(
    on_tape: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = torch.nn.Module.__call__

    def reading(module: torch.nn.Module, *args: Any, **more: Any) -> Any:
        out = reads(module, *args, **more)
        if isinstance(module, type(found.supernet)):
            float(out.detach().sum())
        return out

    wanted, found = eager(engine_of("edd_darts")), engine_of("edd_darts")
    rows = run_epochs(wanted)
    monkeypatch.setattr(torch.nn.Module, "__call__", reading)
    with pytest.warns(UserWarning, match="could not be captured.*not permitted") as heard:
        assert run_epochs(found) == rows
    assert len(heard) == 1
    assert_same_state(found, wanted)
    required = engine_of("edd_darts")
    assert required.graphed is not None
    required.graphed.required = True
    with pytest.raises(RuntimeError, match="not permitted"):
        run_epochs(required)


def test_every_method_is_captured_or_says_why() -> None:
    for name in METHODS:
        search = load({"optimizer": name}).search
        if search.strategy != "one_shot":
            continue
        why = host_work(search)
        sampled = search.relaxation in (
            "gumbel",
            "sn_gumbel",
            "uniform",
            "ordered",
            "concrete",
            "reinmax",
        )
        other = search.bilevel in ("second_order", "gibbs")
        other |= search.perturbation != "off" or search.drop_path > 0
        other |= search.alignment > 0 or search.operation_stop is not None
        assert (why is not None) == (sampled or other), name
        assert why is None or "host" in why
    assert host_work(load({"optimizer": "gdas"}).search) == "GDAS samples on the host"
    assert all(host_work(load({"optimizer": name}).search) is None for name in (*CAPTURED, *ALIKE))


class Counting:
    """A graph that only counts, and replays by doing the work again."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.work: Any = None

    def run(self, work: Any) -> None:
        self.calls.append("run")
        work()

    def capture(self, work: Any) -> None:
        self.calls.append("capture")
        self.work = work

    def replay(self) -> None:
        self.calls.append("replay")
        self.work()


@pytest.mark.search
def test_warm_up_capture_replay() -> None:
    engine = engine_of("edd_darts")
    graph = Counting()
    step = GraphedStep(bilevel=engine.bilevel, make_graph=lambda: graph)
    engine.graphed = step
    for _ in range(6):
        engine.run_step()
    assert graph.calls == ["run"] * 3 + ["capture"] + ["replay"] * 3
    assert engine.meters.steps == 6
    batch = engine.train.batch(0, 0)
    larger = tuple(torch.cat([one, one]) for one in batch)
    step(larger, larger, engine.t)  # type: ignore[arg-type]
    assert graph.calls[-1] == "run", "a larger batch is warmed up for anew"
    assert dataclasses.is_dataclass(engine.path)


@pytest.mark.search
def test_numbers_of_wrapped_parts_are_seen() -> None:
    engine = engine_of("darts_minus")
    before = graphed.baked(engine.bilevel, [engine.relaxation])
    engine.relaxation.begin_epoch(3)
    assert graphed.baked(engine.bilevel, [engine.relaxation]) != before
