"""One writer of a folder: refused by name, taken over from the dead, not stolen from afar."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from helpers import FOLDER, rows_of, run, start, tiny_settings

from naslib_edd.errors import UserError
from naslib_edd.storage import lock
from naslib_edd.storage.envelope import sealed
from naslib_edd.storage.lock import NAME, only_writer, owner_in_words

HOLD = """
import sys, time
from pathlib import Path
from naslib_edd.storage.lock import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_held_and_gone_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "run"
    with only_writer(folder) as said:
        assert said == []
        owner = json.loads((folder / NAME).read_text())
        assert (owner["process"], owner["host"]) == (os.getpid(), socket.gethostname())
        assert f"process {os.getpid()} on" in str(owner_in_words(folder))
    assert not (folder / NAME).exists()
    assert owner_in_words(folder) is None


@pytest.mark.process
def test_a_second_writer_is_refused_by_name_and_a_dead_one_s_lock_taken_over(
    tmp_path: Path,
) -> None:
    process = holder(tmp_path)
    try:
        words = rf"process {process.pid} on .*since 20\d\d-"
        with pytest.raises(UserError, match=words), only_writer(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / NAME).exists()
        with only_writer(tmp_path) as said:
            assert len(said) == 1
            assert f"process {process.pid}" in said[0] and "taken over" in said[0]
    finally:
        process.kill()


def test_another_host_s_lock_on_a_network_is_not_stolen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = {"process": 7, "host": "elsewhere", "since": "x"}
    (tmp_path / NAME).write_text(json.dumps(sealed(owner)))
    monkeypatch.setattr(lock, "_is_local", lambda _: False)
    with pytest.raises(UserError, match=r"process 7 on elsewhere.*delete"), only_writer(tmp_path):
        pass
    assert (tmp_path / NAME).exists()
    monkeypatch.setattr(lock, "_is_local", lambda _: True)
    with only_writer(tmp_path) as said:
        assert "elsewhere" in said[0]


def test_a_damaged_lock_on_a_network_is_not_stolen_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / NAME).write_text("{")
    monkeypatch.setattr(lock, "_is_local", lambda _: False)
    with (
        pytest.raises(UserError, match=r"written by another process.*delete"),
        only_writer(tmp_path),
    ):
        pass
    assert (tmp_path / NAME).exists()


@pytest.mark.parametrize("text", ["", "[1]", "{", "\x00" * 50, '{"process": {}}'])
def test_a_lock_file_that_says_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(text)
    with only_writer(tmp_path):
        assert json.loads((tmp_path / NAME).read_text())["process"] == os.getpid()


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot use"), only_writer(tmp_path / "file"):
        pass


@pytest.mark.search
@pytest.mark.process
@pytest.mark.timeout(400)
def test_three_resumes_at_once_one_runs_two_are_refused(tmp_path: Path) -> None:
    settings = tiny_settings(
        tmp_path / "runs", search={"epochs": 12, "checkpoint_seconds": 0, "channels": 4}
    )
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump(settings))
    first = start("search", config, "--no-figures")
    checkpoint = tmp_path / "runs" / FOLDER / "checkpoint.pt"
    end = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < end:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    three = [start("search", config, "--no-figures", "--resume") for _ in range(3)]
    told = [process.communicate()[1] for process in three]
    codes = [process.returncode for process in three]
    assert sorted(codes) == [0, 2, 2], told
    for code, words in zip(codes, told, strict=True):
        if code == 2:
            assert "is being written by process" in words
            assert "Traceback" not in words
    whole = run({**settings, "out_dir": str(tmp_path / "whole")})
    assert rows_of(tmp_path / "runs" / FOLDER) == rows_of(whole.folder)
