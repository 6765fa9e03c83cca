"""Records, checkpoints and files: whole or not there."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
import torch

from naslib_edd.config.loading import as_dict, load
from naslib_edd.engine import checkpoint
from naslib_edd.errors import UserError, nearest
from naslib_edd.storage.files import write_atomic, write_text
from naslib_edd.storage.record import RunFolder, read_rows, without_timings


def test_rows_come_back_and_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    rows = [{"epoch": 1, "t": 0.1}, {"epoch": 2, "t": float("nan")}]
    for row in rows:
        folder.append(row)
    assert read_rows(folder.record) == [rows[0], {"epoch": 2, "t": None}]
    with folder.record.open("a") as file:
        file.write('{"epoch": 3, "t": 0.')
    assert len(read_rows(folder.record)) == 2
    assert folder.keep(1) == [rows[0]]
    assert read_rows(folder.record) == [rows[0]]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    record.write_text('{"epoch": 1}\nnonsense\n{"epoch": 3}\n')
    with pytest.raises(UserError, match="line 2"):
        read_rows(record)
    with pytest.raises(UserError, match="cannot read"):
        read_rows(tmp_path / "none.jsonl")


def test_fewer_lines_than_the_checkpoint_knows(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.append({"epoch": 1})
    with pytest.raises(UserError, match="changed by hand"):
        folder.keep(2)


def test_timings_are_taken_out_at_any_depth() -> None:
    assert without_timings({"a": 1, "seconds": 2, "b": {"seconds": 3, "c": 4}}) == {
        "a": 1,
        "b": {"c": 4},
    }


def test_write_atomic_leaves_the_old_file_when_writing_fails(tmp_path: Path) -> None:
    target = write_text(tmp_path / "sub" / "file", "old")

    def full(file: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match="No space left on device"):
        write_atomic(target, full)
    assert target.read_text() == "old"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_write_atomic_gives_the_usual_mode(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("x")
    assert write_text(tmp_path / "ours", "x").stat().st_mode == plain.stat().st_mode


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        write_text(tmp_path / "file" / "below" / "x", "text")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 broken"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(UserError, match="cannot read checkpoint"):
        checkpoint.load(path)


def test_a_foreign_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"model": torch.zeros(2)}, path)
    with pytest.raises(UserError, match="not of this program"):
        checkpoint.load(path)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.mkdir, (tmp_path / "ran",)

    path = tmp_path / "checkpoint.pt"
    torch.save({"version": checkpoint.VERSION, "x": Evil()}, path)
    with pytest.raises(UserError, match="cannot read checkpoint"):
        checkpoint.load(path)
    assert not (tmp_path / "ran").exists()


def test_where_a_run_is_kept_may_change_what_it_is_may_not(tmp_path: Path) -> None:
    saved = {"seed": 0, "out_dir": "a", "search": {"epochs": 3, "checkpoint_seconds": 1}}
    moved = {"seed": 0, "out_dir": "b", "search": {"epochs": 3, "checkpoint_seconds": 9}}
    checkpoint.check_same_run(saved, moved, tmp_path)
    with pytest.raises(UserError, match=r"search\.epochs was 3 there and is 4 now"):
        checkpoint.check_same_run(saved, {**moved, "search": {"epochs": 4}}, tmp_path)


def test_result_is_json_without_nan(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_result({"x": float("inf"), "y": (1, 2)})
    assert folder.read_result() == ({"x": None, "y": [1, 2]}, True)
    assert json.loads(folder.result.read_text()).keys() == {"x", "y", "crc"}


def test_nearest() -> None:
    assert nearest("epoch", ["epochs", "seed"]) == "; did you mean 'epochs'?"
    assert nearest("zzz", ["epochs", "seed"]) == "; choose one of epochs, seed"
    assert nearest("zzz", []) == ""


def test_a_run_of_an_older_version_goes_on_with_new_settings_at_their_defaults(
    tmp_path: Path,
) -> None:
    now = as_dict(load({"optimizer": "edd_darts"}))
    old = {**now, "search": {k: v for k, v in now["search"].items() if k != "augmentation"}}
    checkpoint.check_same_run(old, now, tmp_path)
    other = {**now, "search": {**now["search"], "augmentation": "flip"}}
    with pytest.raises(
        UserError, match=r"search\.augmentation was 'usual' there and is 'flip' now"
    ):
        checkpoint.check_same_run(old, other, tmp_path)
