"""Sinks get the record's own numbers, once each, and cannot harm a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers import FOLDER, power_cut, rows_of, run, tiny_settings

from naslib_edd.cli.commands import main
from naslib_edd.engine import tracking
from naslib_edd.errors import UserError
from naslib_edd.storage.record import read_rows


class Kept:
    """A sink that keeps what it gets, or fails after so many rows."""

    def __init__(self, fails_after: int = 99) -> None:
        self.rows: list[tuple[int, dict[str, float]]] = []
        self.fails_after, self.closed = fails_after, 0

    def write(self, epoch: int, numbers: dict[str, float]) -> None:
        if len(self.rows) >= self.fails_after:
            raise OSError("no space\nleft")
        self.rows.append((epoch, numbers))

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    sink = Kept()
    monkeypatch.setattr(tracking, "check", lambda names: None)
    monkeypatch.setattr(tracking, "_TensorBoard", lambda folder, epoch: sink)
    return sink


def test_every_row_s_numbers(kept: Kept, tmp_path: Path) -> None:
    run(tiny_settings(tmp_path), track=["tensorboard"])
    rows = read_rows(tmp_path / FOLDER / "record.jsonl")
    assert [epoch for epoch, _ in kept.rows] == [1, 2, 3] and kept.closed == 1
    for row, (_, found) in zip(rows, kept.rows, strict=True):
        assert found["entropy"] == row["entropy"] and found["index"] == row["index"]
        test = row["table"]["datasets"]["digits"]["test"]
        assert found["table/digits/test/value"] == test["value"]
        assert "logits" not in found and "arch_str" not in found


def test_the_record_is_the_same_with_and_without(kept: Kept, tmp_path: Path) -> None:
    run(tiny_settings(tmp_path / "a"), track=["tensorboard"])
    run(tiny_settings(tmp_path / "b"))
    assert rows_of(tmp_path / "a" / FOLDER) == rows_of(tmp_path / "b" / FOLDER)


def test_a_sink_that_fails_is_left_and_the_search_goes_on(kept: Kept, tmp_path: Path) -> None:
    kept.fails_after = 1
    run(tiny_settings(tmp_path), track=["tensorboard"])
    assert len(kept.rows) == 1
    assert len(read_rows(tmp_path / FOLDER / "record.jsonl")) == 3


def test_a_failure_is_one_line() -> None:
    said: list[str] = []
    made = tracking.Tracking([], folder=Path(), settings={}, epoch=0, say=said.append)
    made._sinks["tensorboard"] = Kept(fails_after=0)
    made.write({"epoch": 1, "t": 1.0})
    assert said == ["tensorboard is left out from here: no space left"] and not made._sinks


def test_resumed_it_goes_on_after_its_checkpoint(kept: Kept, tmp_path: Path) -> None:
    with power_cut(epoch=1, step=1):
        run(tiny_settings(tmp_path), track=["tensorboard"])
    run(tiny_settings(tmp_path), track=["tensorboard"], resume=True)
    assert [epoch for epoch, _ in kept.rows] == [1, 2, 3]


def test_unknown_or_missing_sinks_stop_it_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="did you mean 'tensorboard'"):
        run(tiny_settings(tmp_path), track=["tensorbord"])
    monkeypatch.setitem(tracking.SINKS, "wandb", "no_such_module_at_all")
    with pytest.raises(UserError, match=r"naslib-edd\[wandb\]"):
        run(tiny_settings(tmp_path), track=["wandb"])
    assert not (tmp_path / FOLDER).exists()
    assert main(["search", "x.yaml", "--engine", "naslib", "--track", "wandb"]) == 2
    assert "--track is of the built-in engine" in capsys.readouterr().err


def test_tensorboard_reads_the_record_back(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run(tiny_settings(tmp_path), track=["tensorboard"])
    events: Any = EventAccumulator(str(tmp_path / FOLDER / "tensorboard"))
    events.Reload()
    rows = read_rows(tmp_path / FOLDER / "record.jsonl")
    found = events.Scalars("entropy")
    assert [event.step for event in found] == [1, 2, 3]
    assert [event.value for event in found] == pytest.approx([row["entropy"] for row in rows])


@pytest.mark.slow
def test_wandb_writes_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="wandb is not installed")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    run(tiny_settings(tmp_path), track=["wandb"])
    (made,) = (tmp_path / FOLDER / "wandb").glob("offline-run-*/run-*.wandb")
    content = made.read_bytes()
    assert b"entropy" in content and b"table/digits/test/value" in content
