"""The goals of a CPU: what they are, how they are judged, and the exit code of ``--assert``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from racing import cpu, entrants
from racing.compare import Goal, judge, measured, verdict
from racing.cpu import aims
from racing.steps import Record
from tiny_race import METHODS, race, ratios

pytestmark = pytest.mark.benchmark


def test_the_goals_of_a_full_run() -> None:
    found = {goal.label: goal.at_most for goal in aims(METHODS) if goal.asserted}
    assert found == {
        "fast / floor, darts_v1": 1.5,
        "fast / floor, edd_darts": 1.5,
        "fast / AutoDL": pytest.approx(1 / 3.3),
        "fast / NASLib, darts_v1": pytest.approx(1 / 3.3),
        "fast / NASLib, gdas": pytest.approx(1 / 4),
        "edd_darts / darts_v1, fast": 1.01,
        "ets_gdas / gdas, fast": 1.002,
        "fast / AutoDL, peak memory": 0.6,
        "exponent of time in cells": 1.1,
        "exponent of memory in cells": 1.1,
        "exponent of time in batch_size": 1.1,
        "exponent of memory in batch_size": 1.1,
        "exponent of time in channels": 2.0,
        "exponent of memory in channels": 2.0,
        "naslib-edd query, s": 0.4,
        "naslib-edd --help, s": 0.2,
        "import naslib_edd, s": 0.1,
        **{cpu.auto_label(size, threads): 1.03 for size in cpu.SIZES for threads in (1, 2)},
    }
    assert {goal.label: goal.at_most for goal in aims(METHODS) if not goal.asserted} == {
        "bf16 / fp32, darts_v1": 0.6,
        "bf16 / fp32, edd_darts": 0.6,
        "fast / plain, darts_v1": 0.55,
        "fast / plain, edd_darts": 0.55,
        "plain / AutoDL": 1.1,
    }


def test_every_ratio_with_a_goal_is_one_that_a_run_has() -> None:
    """A goal whose label nothing is called would never be judged."""
    timed = [{"label": label, "median": 0.0} for label in ratios()]
    rows = judge(aims(METHODS), measured({"a": {"kind": "race", "ratios": timed}}))
    assert {row["label"] for row in rows if row["met"] is None} == {
        # See test_speed_compare and test_speed_cpu.
        *("bf16 / fp32, darts_v1", "bf16 / fp32, edd_darts", "fast / AutoDL, peak memory"),
        *(f"exponent of {what} in {axis}" for what in ("time", "memory") for axis in cpu.AXES),
        *(f"{name}, s" for name in cpu.COMMANDS if name != "python"),
        *(cpu.auto_label(size, threads) for size in cpu.SIZES for threads in cpu.THREADS),
    }


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({}, []),
        ({"fast:darts_v1": 2.2}, []),
        ({"fast:darts_v1": 3.2}, ["fast / floor, darts_v1", "fast / AutoDL"]),
        ({"floor": 1.0}, ["fast / floor, darts_v1", "fast / floor, edd_darts"]),
        ({"plain:darts_v1:channels_last": 3.0}, []),  # shown, without a goal
        ({"autodl:darts_v1": 6.0}, ["fast / AutoDL"]),
        ({"naslib:darts_v1": 6.0}, ["fast / NASLib, darts_v1"]),
        ({"naslib:gdas": 7.9}, ["fast / NASLib, gdas"]),
        ({"fast:edd_darts": 2.03}, ["edd_darts / darts_v1, fast"]),
        ({"fast:ets_gdas": 2.005}, ["ets_gdas / gdas, fast"]),
    ],
)
def test_missed_goals(change: dict[str, float], missed: list[str]) -> None:
    rows = judge(aims(METHODS), ratios(**change))
    lines, met = verdict(rows)
    assert [line.split(":")[0].split(None, 1)[1] for line in lines if "MISSED" in line] == missed
    assert met is not bool(missed)


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({"plain:darts_v1:contiguous": 3.6}, ["fast / plain, darts_v1"]),
        ({"plain:darts_v1:contiguous": 9.0}, ["plain / AutoDL"]),
    ],
)
def test_goals_of_the_plain_supernet_are_shown_only(
    change: dict[str, float], missed: list[str]
) -> None:
    rows = judge(aims(METHODS), ratios(**change))
    assert [row["label"] for row in rows if row["met"] is False] == missed
    lines, met = verdict(rows)
    assert met and [line[:6] for line in lines if missed[0] in line] == ["missed"]


def test_verdict_tells_what_was_not_measured_and_how_to() -> None:
    three = [Goal("a", 0.5, "--x"), Goal("b", 0.5, "--x"), Goal("c", 1 / 3, "--y")]
    rows = judge(three, {"a": 0.5, "b": 0.51})
    assert [row["met"] for row in rows] == [True, False, None] and rows[2]["value"] is None
    lines, met = verdict(rows)
    assert not met and verdict([rows[0], rows[2]])[1]
    assert lines == [
        "met     a: 0.5, goal at most 0.5",
        "MISSED  b: 0.51, goal at most 0.5",
        "        c: not measured, it needs --y",
    ]


@pytest.mark.parametrize(("fast", "code"), [(1.5, 0), (1.6, 1)])
def test_assert_sets_the_exit_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fast: float,
    code: int,
) -> None:
    def made_up(steps: Record, *, rounds: int, **_: object) -> dict[str, list[float]]:
        return {name: [fast if name.startswith("fast") else 1.0] * rounds for name in steps}

    monkeypatch.setattr(entrants, "race", made_up)
    out = tmp_path / "speed.json"
    race(out, "--methods", "edd_darts")
    assert "goal at most" not in capsys.readouterr().out
    out.unlink()
    # A missed goal is no reason to lose the record.
    record = race(out, "--methods", "edd_darts", "--assert", code=code)
    shown = capsys.readouterr().out
    assert ("MISSED" in shown) == bool(code) and "not measured, it needs --startup" in shown
    assert [row["met"] for row in record["goals"] if row["label"].startswith("fast / floor")] == [
        not code
    ]


def test_judged_rows_can_be_written_down() -> None:
    assert json.loads(json.dumps(judge(aims(["gdas"]), {})))[0]["needs"] == "--methods darts_v1"
