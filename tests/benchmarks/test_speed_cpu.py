"""``benchmarks/speed.py --curves`` and ``--startup``."""

from __future__ import annotations

import sys
from math import sqrt
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from racing import cpu
from racing.entrants import Entrant
from racing.show import draw
from racing.steps import Record, Shape
from speed import read
from tiny_race import TINY, race

from naslib_edd.errors import UserError

pytestmark = pytest.mark.benchmark

AXES = {"cells": (1, 2), "batch_size": (2, 4), "channels": (4, 8, 16)}


def peak(entrant: Entrant, shape: Shape, _: object) -> Record:
    """In the place of a process each: linear in N and batch, quadratic in C."""
    assert entrant.name == "fast:darts_v1"
    net = shape.cells * shape.batch_size * shape.channels**2
    return {"memory_mib": 200.0 + net, "memory_before_mib": 200.0}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "peak_memory", peak)
    monkeypatch.setattr(cpu, "FIXED", {"cells": 1, "batch_size": 2, "channels": 4})
    monkeypatch.setattr(cpu, "AXES", AXES)
    monkeypatch.setattr(cpu, "STARTS", 1)


@given(st.floats(-3, 3), st.floats(1e-3, 1e3))
def test_exponent_of_an_exact_power_law(power: float, factor: float) -> None:
    x = [1, 2, 4, 8]
    y = [factor * value**power for value in x]
    assert cpu.exponent(x, y) == pytest.approx(power, abs=1e-9)


def test_exponent_is_of_the_least_squares_line() -> None:
    # log2 y = 0, 0, 3 over log2 x = 0, 1, 2: slope 3/2.
    assert cpu.exponent([1, 2, 4], [1, 1, 8]) == pytest.approx(1.5)
    # A constant on top flattens it, as a fixed cost does.
    assert cpu.exponent([1, 2, 4, 8], [1 + n for n in (1, 2, 4, 8)]) < 1


def test_axes_cover_the_shapes_that_meet_in_one_point() -> None:
    along = {axis: cpu.shapes(axis, 32) for axis in cpu.AXES}
    assert {axis: [getattr(shape, axis) for shape in row] for axis, row in along.items()} == {
        axis: list(values) for axis, values in cpu.AXES.items()
    }
    fixed = {(s.cells, s.batch_size, s.channels) for row in along.values() for s in row}
    assert tuple(cpu.FIXED[name] for name in ("cells", "batch_size", "channels")) in fixed
    assert all(shape.size == 32 for row in along.values() for shape in row)


@pytest.mark.usefixtures("small")
def test_a_run_with_curves_and_startup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "speed.json"
    arguments = ("--curves", "--startup", "--methods", "edd_darts", "--repeats=2")
    record = race(out, *arguments)
    started = record["pieces"]["start-up"]["numbers"]
    found = [record["pieces"][f"curve over {axis}"] for axis in AXES]
    for axis, row in zip(AXES, found, strict=True):
        assert tuple(point[axis] for point in row["points"]) == AXES[axis]
        for point in row["points"]:
            assert len(point["seconds"]) == 2 and point["size"] == 8
            assert point["median"] == median(point["seconds"]) > 0
        medians = [point["median"] for point in row["points"]]
        assert row["exponents"]["time"] == pytest.approx(cpu.exponent(AXES[axis], medians))
    powers = [row["exponents"]["memory"] for row in found]
    assert powers == pytest.approx([1, 1, 2])
    assert [row["label"] for row in started] == [f"{name}, s" for name in cpu.COMMANDS]
    for row in started:
        assert len(row["seconds"]) == 1 and row["median"] == row["seconds"][0] > 0
    bare, *ours = (row["median"] for row in started)
    assert bare < max(ours)
    values = {row["label"]: row["value"] for row in record["goals"]}
    assert values["exponent of time in channels"] == found[2]["exponents"]["time"]
    assert values["naslib-edd query, s"] == started[-1]["median"]
    figure = out.with_name("speed_curves.png")
    assert figure.read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr().out
    assert "exponent of time in channels" in shown and "naslib-edd --help, s" in shown
    assert f"curves: {figure}" in shown


def test_memory_that_does_not_show_has_no_exponent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu, "AXES", {"cells": (1, 2)})
    monkeypatch.setattr(cpu, "FIXED", {"cells": 1, "batch_size": 2, "channels": 4})
    options = read(TINY)
    one, two = cpu.shapes("cells", 8)
    held = {"memory_before_mib": 4.0}
    for most, power in ((6.0, None), (5.0 + 2 * sqrt(2) - 1, 1.5)):
        memory = {one: {"memory_mib": 5.0 if power else 4.0, **held}}
        memory[two] = {"memory_mib": most, **held}
        monkeypatch.setattr(cpu, "peak_memory", lambda _, shape, __, of=memory: of[shape])
        row = cpu.curve("cells", options)
        assert row["exponents"].get("memory") == (power and pytest.approx(power))
        draw([row], tmp_path / "curve.png")


def test_startup_says_which_command_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "COMMANDS", {"broken": ["-c", "raise SystemExit(3)"]})
    with pytest.raises(UserError, match="`broken` ended with exit code 3"):
        cpu.startup()


def test_startup_runs_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    same = f"import sys; assert sys.executable == {sys.executable!r}"
    monkeypatch.setattr(cpu, "COMMANDS", {"same": ["-c", same]})
    monkeypatch.setattr(cpu, "STARTS", 1)
    (row,) = cpu.startup()["numbers"]
    assert row["label"] == "same, s" and row["min"] == row["max"]
