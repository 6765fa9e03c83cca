"""Sweeps end to end on tiny searches: killed, stopped, failed, and watched from elsewhere."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cut_sweeps import searches_of
from filelock import FileLock
from helpers import tiny_settings

from naslib_edd.cli.commands import main
from naslib_edd.storage.record import RunFolder, read_rows, without_timings

pytestmark = pytest.mark.search

COMMAND = [sys.executable, "-m", "naslib_edd.cli", "sweep"]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A sweep of tiny searches on digits; its records go below tmp_path/out."""

    def make(out: str = "out", **keys: Any) -> Path:
        settings = tiny_settings(tmp_path / out, search={"checkpoint_seconds": 0, "epochs": 2})
        (tmp_path / "base.yaml").write_text(yaml.safe_dump(settings), "utf-8")
        values = {"config": "base.yaml", "out_dir": str(tmp_path / out), "jobs": 2, **keys}
        path = tmp_path / f"{out}.yaml"
        path.write_text(yaml.safe_dump(values), "utf-8")
        return path

    return make


def records(out: Path) -> dict[str, Any]:
    """Folder of a run → its rows but for the seconds."""
    return {
        str(path.parent.relative_to(out)): [without_timings(row) for row in read_rows(path)]
        for path in sorted(out.glob("**/record.jsonl"))
    }


def wait_for(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_runs_reports_and_does_nothing_twice(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(methods=["darts_v1", "random_search"])
    assert main(["sweep", str(path), "--status"]) == 0
    assert "2 runs: 2 waiting" in capsys.readouterr().out
    assert main(["sweep", str(path)]) == 0
    told = capsys.readouterr().out
    assert "[2/2]" in told and "2 runs: 2 finished" in told
    assert (tmp_path / "out" / "table.md").exists()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("**/result.json")}
    assert len(before) == 2
    assert main(["sweep", str(path)]) == 0
    assert "2 are finished already" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere its runs go on alone")
def test_killed_and_begun_again_it_ends_as_if_undisturbed(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", str(write("whole")), "--list"]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert main(shlex.split(line)[1:]) == 0
    path = write("cut")
    cut = tmp_path / "cut"
    sweep = subprocess.Popen([*COMMAND, str(path)], stdout=subprocess.DEVNULL)
    wait_for(lambda: any(cut.glob("**/checkpoint.pt")))
    sweep.send_signal(signal.SIGKILL)
    sweep.wait()
    # Its runs end with it, after their checkpoints.
    wait_for(lambda: not searches_of(cut))
    assert main(["sweep", str(path)]) == 0
    assert records(cut) == records(tmp_path / "whole")


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_a_run_that_is_killed_goes_on_from_its_checkpoint(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    assert main(["sweep", str(write("whole"))]) == 0
    cut = tmp_path / "cut"
    sweep = subprocess.Popen([*COMMAND, str(write("cut"))], stdout=subprocess.DEVNULL)
    wait_for(lambda: any(cut.glob("**/checkpoint.pt")))
    for process in searches_of(cut):
        os.kill(process, signal.SIGKILL)
    assert sweep.wait(60) == 0
    assert records(cut) == records(tmp_path / "whole")


def test_a_run_that_cannot_be_mended_is_marked_and_the_rest_goes_on(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Too many channels for the memory there is: found out only when it runs.
    grid = {"search.channels": [2, 10**9]}
    path = write(methods=["darts_v1"], **{"set": grid})
    assert main(["sweep", str(path)]) == 1
    told = capsys.readouterr().out
    assert "1 finished, 1 failed" in told and "out of memory" in told
    assert main(["sweep", str(path), "--status"]) == 1
    assert "failed in epoch 1: out of memory" in capsys.readouterr().out


@pytest.mark.process
@pytest.mark.slow
def test_ctrl_c_leaves_checkpoints_and_the_same_command_goes_on(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    assert main(["sweep", str(write("whole"))]) == 0
    cut, path = tmp_path / "cut", write("cut")
    sweep = subprocess.Popen(
        [*COMMAND, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: any(cut.glob("**/checkpoint.pt")))
    sweep.send_signal(signal.SIGINT)
    _, told = sweep.communicate(timeout=60)
    assert sweep.returncode == 130
    assert "the same command goes on" in told and "Traceback" not in told
    assert main(["sweep", str(path)]) == 0
    assert records(cut) == records(tmp_path / "whole")


def test_one_sweep_a_folder(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write()
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / ".sweep.lock"):
        assert main(["sweep", str(path)]) == 2
    assert "another sweep is running" in capsys.readouterr().err


def test_a_result_that_is_damaged_is_said_and_written_anew(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(methods=["random_search"])
    assert main(["sweep", str(path)]) == 0
    (result,) = (tmp_path / "out").glob("**/result.json")
    whole = result.read_bytes()
    result.write_bytes(whole.replace(b'"index": ', b'"index": 1', 1))
    capsys.readouterr()
    assert main(["sweep", str(path), "--status"]) == 1
    told = capsys.readouterr().out
    assert "does not fit its checksum" in told and "1 runs: 1 damaged" in told
    assert main(["sweep", str(path)]) == 0
    assert read_result(result.parent) == json.loads(whole)["index"]


def read_result(folder: Path) -> Any:
    read = RunFolder(folder).read_result()
    assert read is not None
    return read[0]["index"]
