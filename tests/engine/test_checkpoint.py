"""Checkpoints: two are kept, damage is seen, what they may hold and belong to is checked."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import FOLDER, flip, run, tiny_settings
from rich.console import Console

from naslib_edd.engine import checkpoint
from naslib_edd.engine.loop import search
from naslib_edd.errors import UserError
from naslib_edd.storage.record import read_rows, without_timings

STATE: dict[str, Any] = {"run": {"seed": 0}, "engine": {"epoch": 1, "w": torch.arange(100.0)}}


def rows(folder: Path) -> list[Any]:
    return [without_timings(row) for row in read_rows(folder / "record.jsonl")]


def test_a_flipped_bit_is_seen_and_the_one_before_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(path, STATE)
    assert not checkpoint.previous(path).exists()
    later = {**STATE, "engine": {**STATE["engine"], "epoch": 2}}
    checkpoint.save(path, later)
    assert checkpoint.load(path)["engine"]["epoch"] == 2
    assert checkpoint.load(checkpoint.previous(path))["engine"]["epoch"] == 1
    flip(path)
    with pytest.raises(UserError, match=r"cannot read checkpoint.*damaged part"):
        checkpoint.load(path)
    found = checkpoint.load_last(path)
    assert found.path == checkpoint.previous(path)
    assert found.state["engine"]["epoch"] == 1
    assert "going on from the checkpoint before" in found.said[0]
    flip(found.path)
    with pytest.raises(UserError, match="and of the one before") as told:
        checkpoint.load_last(path)
    assert "\n" not in str(told.value)


def test_a_checkpoint_of_before_there_were_checksums_loads_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"version": 1, **STATE}, path)
    found = checkpoint.load_last(path)
    assert found.state["engine"]["epoch"] == 1
    assert "before checkpoints had checksums" in found.said[0]
    flip(path)
    with pytest.raises(UserError, match="damaged part"):
        checkpoint.load_last(path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"run": {"evaluation": {"x": __import__("datetime").date(2020, 1, 1)}}},
            "evaluation.x is a date",
        ),
        ({"a": [1, {2.5: 1}]}, "a key of"),
        ({"a": {1, 2}}, "a is a set"),
        ({"a": b"x"}, "a is a bytes"),
    ],
)
def test_what_a_checkpoint_cannot_hold_is_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        checkpoint.check_holds(values)


def test_whatever_it_may_hold_is_read_again(tmp_path: Path) -> None:
    held = {"a": [1, 2.5, None, True, "x", (1, 2)], "b": {1: torch.ones(2), "c": {}}}
    checkpoint.check_holds(held)
    path = tmp_path / "c.pt"
    checkpoint.save(path, {**STATE, "extra": held})
    assert checkpoint.load(path)["extra"]["a"] == held["a"]


class TestGoingOn:
    """On a run that was stopped after two of three epochs."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> dict[str, Any]:
        return tiny_settings(tmp_path / "runs", search={"checkpoint_seconds": 0})

    @pytest.fixture
    def folder(
        self, tmp_path: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> Path:
        """Cut off by an error in the third epoch's first step."""
        from naslib_edd.engine.engine import Engine

        step = Engine.run_step

        def dies(engine: Engine) -> None:
            if engine.epoch == 2 and engine.step == 2:
                raise KeyboardInterrupt
            step(engine)

        monkeypatch.setattr(Engine, "run_step", dies)
        with pytest.raises(KeyboardInterrupt):
            run(settings)
        monkeypatch.undo()
        return tmp_path / "runs" / FOLDER

    @pytest.fixture
    def whole(self, tmp_path: Path) -> list[Any]:
        made = run(tiny_settings(tmp_path / "whole"))
        return rows(made.folder)

    @pytest.mark.search
    def test_a_damaged_newest_goes_on_from_the_one_before_bit_for_bit(
        self, settings: dict[str, Any], folder: Path, whole: list[Any], tmp_path: Path
    ) -> None:
        flip(folder / "checkpoint.pt")
        console = Console(file=io.StringIO(), width=500)
        search(settings, resume=True, figures=False, console=console)
        assert "going on from the checkpoint before" in console.file.getvalue()  # type: ignore[attr-defined]
        assert rows(folder) == whole

    @pytest.mark.search
    def test_a_record_of_two_writers_is_refused(
        self, settings: dict[str, Any], folder: Path
    ) -> None:
        record = folder / "record.jsonl"
        first, second = record.read_text().splitlines(keepends=True)
        record.write_text(first + first + second)
        with pytest.raises(UserError, match=r"line 2 of .*tells of epoch 1, where 2 belongs"):
            run(settings, resume=True)

    @pytest.mark.search
    def test_another_run_s_record_is_refused(
        self, settings: dict[str, Any], folder: Path, tmp_path: Path
    ) -> None:
        other = run(tiny_settings(tmp_path / "other", seed=5)).folder / "record.jsonl"
        (folder / "record.jsonl").write_bytes(other.read_bytes())
        with pytest.raises(UserError, match=r"line 1 of .*is not what this run wrote there"):
            run(settings, resume=True)

    @pytest.mark.search
    def test_a_lost_checkpoint_does_not_clear_the_record(
        self, settings: dict[str, Any], folder: Path
    ) -> None:
        for name in ("checkpoint.pt", "checkpoint.previous.pt"):
            (folder / name).unlink()
        before = (folder / "record.jsonl").read_bytes()
        with pytest.raises(UserError, match="record of 2 epochs, but its checkpoint is gone"):
            run(settings, resume=True)
        assert (folder / "record.jsonl").read_bytes() == before

    @pytest.mark.search
    def test_other_images_under_the_same_name_are_refused(
        self, settings: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from naslib_edd.engine import loop

        opened = loop.open_data  # type: ignore[attr-defined]

        def changed(*arguments: Any) -> Any:
            data = opened(*arguments)
            data.train.images[0] ^= 1
            return data

        monkeypatch.setattr(loop, "open_data", changed)
        with pytest.raises(UserError, match="images are not those that the run began with"):
            run(settings, resume=True)

    @pytest.mark.search
    def test_a_run_that_goes_on_elsewhere_says_so(
        self, settings: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from naslib_edd.engine import loop

        here = loop.here  # type: ignore[attr-defined]

        monkeypatch.setattr(loop, "here", lambda *given: {**here(*given), "processor": "other"})
        console = Console(file=io.StringIO(), width=500)
        found = search(settings, resume=True, figures=False, console=console)
        told = console.file.getvalue()  # type: ignore[attr-defined]
        assert "goes on elsewhere, so not bit for bit" in told and "→ other" in told
        assert [place["from_epoch"] for place in found.result["ran_on"]] == [0, 2]

    @pytest.mark.search
    def test_a_config_changed_by_hand_is_told_from_the_run_s(
        self, settings: dict[str, Any], folder: Path, whole: list[Any]
    ) -> None:
        config = folder / "config.yaml"
        config.write_text(config.read_text().replace("seed: 0", "seed: 1"))
        console = Console(file=io.StringIO(), width=500)
        search(settings, resume=True, figures=False, console=console)
        assert "written anew" in console.file.getvalue()  # type: ignore[attr-defined]
        assert rows(folder) == whole

    @pytest.mark.search
    def test_a_run_of_before_there_were_checksums_goes_on(
        self, settings: dict[str, Any], folder: Path, whole: list[Any]
    ) -> None:
        state = checkpoint.load(folder / "checkpoint.pt")
        old = {"version": 1, "run": state["run"], "engine": state["engine"]}
        torch.save(old, folder / "checkpoint.pt")
        (folder / "checkpoint.previous.pt").unlink()
        record = folder / "record.jsonl"
        bare = [json.dumps(row) + "\n" for row in read_rows(record)]
        record.write_text("".join(bare))
        text = (folder / "config.yaml").read_text()
        (folder / "config.yaml").write_text(text[: text.rindex("# naslib-edd")])
        run(settings, resume=True)
        assert rows(folder) == whole


def test_a_checkpoint_of_objects_instead_of_tensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"version": 1, **STATE, "many": list(range(1_000_000))}, path)
    with pytest.raises(UserError, match="more objects than tensors"):
        checkpoint.load(path)
