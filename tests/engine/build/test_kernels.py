"""On, off or auto: who decides, what is kept, and that a resumed run takes what it began with."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import run, tiny_settings

from naslib_edd.config.loading import load
from naslib_edd.engine.build import kernels as module
from naslib_edd.engine.build.kernels import NO_BF16, Choice, choose, gone_on, race
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import open_data
from naslib_edd.errors import UserError
from naslib_edd.supernet.native import build, choice
from naslib_edd.supernet.native.targets import AVX512, target

CPU = torch.device("cpu")
LARGE = load({"search": {"channels": 16, "batch_size": 64}}).search
Seconds = dict[str, list[float]]


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(choice.VARIABLE, raising=False)
    if build.built() is None:
        pytest.skip(f"no kernels here: {build.why_not()}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Every race ends with these seconds; the list grows with each race."""

    def held(on: float, off: float, own: float | None = None) -> list[int]:
        races: list[int] = []

        def found(_: Any, size: int) -> Seconds:
            races.append(size)
            seconds = {"own": on if own is None else own, "on": on, "off": off}
            return {name: [one] * 3 for name, one in seconds.items()}

        monkeypatch.setattr(module, "race", found)
        return races

    return held


def usual(monkeypatch: pytest.MonkeyPatch, value: bool) -> None:
    here = target()._replace(usual=value)
    monkeypatch.setattr(module, "target", lambda: here)


@pytest.mark.parametrize(
    ("usually", "on", "off", "wanted"),
    [
        (True, 1.0, 1.3, True),
        (True, 1.05, 1.0, True),  # within a tenth: noise
        (True, 1.2, 1.0, False),
        (False, 1.0, 1.05, False),
        (False, 1.0, 1.2, True),
        (False, 1.2, 1.0, False),
    ],
)
def test_the_faster_is_taken_for_a_gain_of_a_tenth(
    monkeypatch: pytest.MonkeyPatch,
    measure: Callable[..., list[int]],
    usually: bool,
    on: float,
    off: float,
    wanted: bool,
) -> None:
    usual(monkeypatch, usually)
    measure(on, off)
    found = choose(LARGE, device=CPU, size=32)
    assert found.on is wanted
    assert found.why.startswith("measured ")


@pytest.mark.parametrize(
    ("usually", "own", "on", "off", "wanted"),
    [
        (True, 1.0, 1.3, 1.5, "own"),
        (True, 1.05, 1.0, 1.5, "own"),  # within a tenth: noise
        (True, 1.2, 1.0, 1.5, "pytorch"),
        (True, 1.2, 1.5, 1.0, "off"),
        (False, 1.0, 1.3, 1.5, "own"),
        (False, 1.0, 1.05, 1.5, "pytorch"),
    ],
)
def test_whose_convolutions(
    monkeypatch: pytest.MonkeyPatch,
    measure: Callable[..., list[int]],
    usually: bool,
    own: float,
    on: float,
    off: float,
    wanted: str,
) -> None:
    here = target()._replace(usual=True, convolves=usually)
    monkeypatch.setattr(module, "target", lambda: here)
    measure(on, off, own)
    for _ in range(2):  # measured, and as it was kept
        found = choose(LARGE, device=CPU, size=32)
        assert (found.convolutions if found.on else "off") == wanted
        words = (
            "C++ kernels and convolutions, " if wanted == "own" else ("C++ kernels, ", "PyTorch")
        )
        assert str(found).startswith(words)
    ratio = {"own": off / own, "pytorch": off / on, "off": min(own, on) / off}[wanted]
    assert f"measured {ratio:.2f} times" in found.why


def test_measured_once_for_a_shape_and_threads(
    tmp_path: Path, measure: Callable[..., list[int]]
) -> None:
    races = measure(1.0, 2.0)
    first = choose(LARGE, device=CPU, size=32)
    assert choose(LARGE, device=CPU, size=32) == first
    assert choose(replace(LARGE, cells=1), device=CPU, size=32) == first  # of one cell a stage
    assert len(races) == 1
    (path,) = (tmp_path / "cache" / "naslib_edd").glob("choice_*.json")
    assert path.stat().st_mode & 0o777 == 0o600
    choose(replace(LARGE, channels=32), device=CPU, size=32)
    choose(LARGE, device=CPU, size=64)
    assert len(races) == 3
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(before + 1)
        choose(LARGE, device=CPU, size=32)
    finally:
        torch.set_num_threads(before)
    assert len(races) == 4


def test_a_damaged_measurement_is_made_anew(
    tmp_path: Path, measure: Callable[..., list[int]]
) -> None:
    races = measure(1.0, 2.0)
    first = choose(LARGE, device=CPU, size=32)
    (path,) = (tmp_path / "cache" / "naslib_edd").glob("choice_*.json")
    whole = path.read_bytes()
    changed = json.loads(whole)
    changed["measured"]["seconds"]["on"] = [9.0] * 3
    damaged = [b"", b"garbage", b"[]", b"{}", whole[:50], json.dumps(changed).encode()]
    for number, content in enumerate(damaged, start=2):
        path.write_bytes(content)
        assert choose(LARGE, device=CPU, size=32) == first
        assert len(races) == number
        assert path.read_bytes() == whole


def test_small_steps_and_other_supernets_are_not_measured(
    monkeypatch: pytest.MonkeyPatch, measure: Callable[..., list[int]]
) -> None:
    races = measure(2.0, 1.0)
    small = load({"search": {"channels": 8, "cells": 1, "batch_size": 64}}).search
    others = [
        replace(LARGE, supernet="plain"),
        replace(LARGE, partial_channels=2),
        replace(LARGE, relaxation="gumbel"),
    ]
    for search, size in [(small, 8), *((other, 32) for other in others)]:
        found = choose(search, device=CPU, size=size)
        assert (found.on, found.why) == (target().usual, "usual")
    assert races == []


def test_who_decides(monkeypatch: pytest.MonkeyPatch, measure: Callable[..., list[int]]) -> None:
    races = measure(1.0, 2.0)
    off, on = replace(LARGE, kernels="off"), replace(LARGE, kernels="on")
    assert choose(off, device=CPU, size=32) == Choice(
        on=False, instructions=target().name, why="search.kernels"
    )
    assert choose(on, device=CPU, size=32).on
    monkeypatch.setenv(choice.VARIABLE, "1")
    assert choose(off, device=CPU, size=32).on
    monkeypatch.setenv(choice.VARIABLE, "0")
    assert not choose(on, device=CPU, size=32).on
    assert not choose(LARGE, device=CPU, size=32).on
    monkeypatch.delenv(choice.VARIABLE)
    for other in ({"relaxation": "gumbel"}, {"drop_path": 0.2}, {"partial_channels": 4}):
        assert not choose(replace(LARGE, precision="bf16", **other), device=CPU, size=32).on
    assert not choose(LARGE, device=torch.device("cuda"), size=32).on
    assert races == []


def test_asked_for_and_not_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "built", lambda: None)
    monkeypatch.setattr(build, "why_not", lambda: "no C++ compiler")
    found = choose(LARGE, device=CPU, size=32)
    assert (found.on, found.why) == (False, "no C++ compiler")
    with pytest.raises(UserError, match="no C\\+\\+ compiler"):
        choose(replace(LARGE, kernels="on"), device=CPU, size=32)


def test_a_race_leaves_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    seconds = race(replace(LARGE, channels=2, batch_size=2), 8)
    assert torch.equal(before, torch.get_rng_state())
    assert list(seconds) == ["own", "on", "off"]
    assert len(seconds["own"]) == len(seconds["on"]) == len(seconds["off"]) >= 3
    assert min(seconds["own"] + seconds["on"] + seconds["off"]) > 0


def test_a_resumed_run_takes_what_it_began_with(monkeypatch: pytest.MonkeyPatch) -> None:
    name = target().name
    on = Choice(on=True, instructions=name, why="usual")
    off = Choice(on=False, instructions=name, why="measured 1.20 times as fast as they")
    before = {"on": False, "instructions": "avx512", "why": NO_BF16}
    for saved in (before, None):  # of before the kernels took bf16
        assert not gone_on(on, saved, precision="bf16").on
    assert gone_on(on, off.as_dict()) == off
    assert gone_on(off, on.as_dict()) == on
    assert gone_on(on, on.as_dict()) == on
    own = replace(on, convolutions="own")
    assert gone_on(on, own.as_dict()) == own
    older = {name: value for name, value in on.as_dict().items() if name != "convolutions"}
    assert gone_on(own, older) == on  # of before there were convolutions of our own
    asked = Choice(on=False, instructions=name, why="search.kernels")
    assert gone_on(asked, on.as_dict()).why == "search.kernels; the run began with C++ kernels"
    elsewhere = {**on.as_dict(), "instructions": "another"}
    assert gone_on(on, elsewhere) == on  # its own set, which the record then says
    monkeypatch.setattr(build, "built", lambda: None)
    gone = Choice(on=False, instructions=name, why="no C++ compiler")
    assert gone_on(gone, on.as_dict()).why == "no C++ compiler; the run began with C++ kernels"


@pytest.mark.search
def test_a_search_with_and_without(tmp_path: Path) -> None:
    taken: dict[str, Any] = {}
    for name in ("on", "off"):
        found = run(tiny_settings(tmp_path / name, search={"epochs": 2, "kernels": name}))
        (place,) = found.result["ran_on"]
        own = name == "on" and target().convolves
        assert place["kernels"] == {
            "on": name == "on", "instructions": target().name, "why": "search.kernels",
            "convolutions": "own" if own else "pytorch",
        }  # fmt: skip
        taken[name] = found.rows[-1]["logits"]
    assert taken["on"] != taken["off"]  # other rounding


@pytest.mark.search
def test_a_checkpoint_carries_it(tmp_path: Path) -> None:
    """Off at first, and resumed under auto: off in every step that follows."""
    engines = []
    for name in ("off", "auto", "on"):
        config = load(tiny_settings(tmp_path, search={"kernels": name}))
        engines.append(Engine(config=config, data=open_data(config, CPU), device=CPU))
    off, auto, on = engines
    off.run_step()
    state = deepcopy(off.state_dict())
    for engine in engines:
        engine.load_state_dict(deepcopy(state))
        for _ in range(3):
            engine.run_step()
    assert (off.kernels.on, auto.kernels.on, on.kernels.on) == (False, False, True)
    assert torch.equal(off.logits, auto.logits)
    assert not torch.equal(off.logits, on.logits)
    later = Engine(config=auto.config, data=auto.data, device=CPU)
    del state["kernels"]  # as before there was a choice
    later.load_state_dict(state)
    assert later.kernels.on is (target() is AVX512)


@pytest.mark.search
def test_a_checkpoint_carries_whose_convolutions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = {}
    for own in (False, True):
        here = target()._replace(convolves=own)
        monkeypatch.setattr(module, "target", lambda here=here: here)
        config = load(tiny_settings(tmp_path, search={"kernels": "on", "channels": 16}))
        engines[own] = Engine(config=config, data=open_data(config, CPU), device=CPU)
        assert engines[own].kernels.convolutions == ("own" if own else "pytorch")
    ours, theirs = engines[True], engines[False]
    first = deepcopy(theirs.state_dict())
    theirs.run_step()
    ours.load_state_dict(deepcopy(first))
    ours.run_step()
    assert torch.equal(ours.logits, theirs.logits)  # PyTorch's, as the run began
    first["kernels"]["convolutions"] = "own"
    theirs.load_state_dict(first)
    theirs.run_step()
    assert not torch.equal(ours.logits, theirs.logits)  # other rounding
    torch.testing.assert_close(ours.logits, theirs.logits, rtol=1e-3, atol=1e-5)
