"""`naslib-edd doctor PLACE`: whole, damaged by name, or not to be checked."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from helpers import run, tiny_settings

from naslib_edd.cli.commands import main
from naslib_edd.data.checksums import MD5
from naslib_edd.storage.files import write_text
from naslib_edd.tables.locate import built_in

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tiny_settings(tmp_path_factory.mktemp("run"))).folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def doctor(place: Path | str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["doctor", str(place)])
    return code, capsys.readouterr().out


@pytest.mark.search
def test_a_whole_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = doctor(folder, capsys)
    assert code == 0
    pieces = ["config.yaml: whole", "3 of 3 lines whole", "result.json: whole"]
    pieces += ["checkpoint.pt: whole, after epoch 3", "checkpoint.previous.pt: whole"]
    assert [piece for piece in pieces if piece not in told] == []
    assert "BAD" not in told


@pytest.mark.search
@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("record.jsonl", '"epoch": 2', '"epoch": 9', "line 2 does not fit its checksum"),
        ("result.json", '"epochs": 3', '"epochs": 4', "does not fit its checksum"),
        ("config.yaml", "seed: 0", "seed: 1", "does not fit its checksum"),
    ],
)
def test_damage_is_named(
    name: str, old: str, new: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    code, told = doctor(folder, capsys)
    assert code == 1
    (bad,) = [line for line in told.splitlines() if "BAD" in line and words in line]
    assert name in bad


@pytest.mark.search
def test_a_damaged_checkpoint(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray((folder / "checkpoint.pt").read_bytes())
    with zipfile.ZipFile(folder / "checkpoint.pt") as archive:
        largest = max(archive.infolist(), key=lambda member: member.file_size)
    # Of its content, which begins after a header of less than 200 bytes: headers have spare bits.
    content[largest.header_offset + 200 + largest.file_size // 2] ^= 1
    (folder / "checkpoint.pt").write_bytes(content)
    code, told = doctor(folder, capsys)
    assert code == 1 and "BAD cannot read checkpoint" in told
    assert "checkpoint.previous.pt: whole" in told


@pytest.mark.search
def test_lines_cut_off_behind_the_checkpoint_s_back(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (folder / "record.jsonl").read_text().splitlines(keepends=True)
    write_text(folder / "record.jsonl", "".join(lines[:-1]))
    code, told = doctor(folder, capsys)
    assert code == 1 and "ends before epoch 3" in told


def test_the_built_in_table_and_other_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("digits", "nb201"):
        code, told = doctor(name, capsys)
        assert code == 0 and f"ok  {name}.npz: whole" in told
        path = built_in(name)
        assert path is not None
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / "damaged.npz").write_bytes(content)
        code, told = doctor(tmp_path / "damaged.npz", capsys)
        assert code == 1 and "BAD damaged.npz" in told
    write_text(tmp_path / "notes.json", json.dumps({"a": 1}))
    code, told = doctor(tmp_path / "notes.json", capsys)
    assert code == 0 and "cannot be checked: it has no checksum" in told


def test_a_committed_run_of_before_there_were_checksums(
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = ROOT / "benchmarks" / "results" / "quickstart"
    code, told = doctor(place, capsys)
    assert code == 0 and "BAD" not in told
    assert "lines have no checksum" in told or "lines whole" in told


def test_nothing_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(tmp_path / "nowhere")]) == 2
    assert main(["doctor", str(tmp_path)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_official_images_are_compared_with_what_was_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data_batch_1"
    path.write_bytes(b"some images")
    code, out = doctor(path, capsys)
    assert code == 0 and "not as published with cifar10" in out
    sums = {"data_batch_1": hashlib.md5(b"some images").hexdigest()}
    monkeypatch.setitem(MD5, "cifar10", sums)
    code, out = doctor(path, capsys)
    assert code == 0 and "data_batch_1: as published with cifar10" in out
