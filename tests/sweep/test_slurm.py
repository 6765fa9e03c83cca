"""``executor: slurm`` on a real Slurm of this machine alone; skipped where it cannot be started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cut_sweeps import records, searches_of, write

from naslib_edd.cli.commands import main

SCRIPT = Path(__file__).parents[1] / "local_slurm.sh"


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A running Slurm, named by SLURM_CONF."""
    pytest.importorskip("submitit", reason="submitit is not installed: pip install '.[slurm]'")
    missing = [name for name in ("slurmctld", "slurmd", "munged") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: apt-get install slurm-wlm munge")
    if os.geteuid() != 0:
        pytest.skip("starting a local Slurm needs root")
    folder = tmp_path_factory.mktemp("slurm")
    environment = {**os.environ, "LOCAL_SLURM_PORT": str(20_000 + os.getpid() % 20_000)}
    made = subprocess.run(
        ["bash", str(SCRIPT), "start", str(folder)],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    if made.returncode != 0:
        pytest.skip(f"Slurm does not start here: {made.stderr.strip()}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", made.stdout.strip())
        yield
    subprocess.run(["bash", str(SCRIPT), "stop", str(folder)], check=True)


@pytest.mark.slow
def test_a_search_that_is_killed_is_submitted_again(slurm: None, tmp_path: Path) -> None:
    assert main(["sweep", str(write(tmp_path, "whole"))]) == 0
    path, out = write(tmp_path, "cut", executor="slurm"), tmp_path / "cut"
    sweep = subprocess.Popen(
        [sys.executable, "-m", "naslib_edd.cli", "sweep", str(path)],
        stdout=subprocess.DEVNULL,
    )
    killed = False
    while sweep.poll() is None and not killed:
        if any(out.glob("**/checkpoint.pt")):
            for process in searches_of(out):
                os.kill(process, signal.SIGKILL)
                killed = True
        time.sleep(0.05)
    assert killed and sweep.wait(180) == 0
    assert records(out) == records(tmp_path / "whole")


@pytest.mark.slow
def test_a_cancelled_job_and_a_stopped_sweep_lose_nothing(slurm: None, tmp_path: Path) -> None:
    assert main(["sweep", str(write(tmp_path, "whole"))]) == 0
    path, out = write(tmp_path, "cut", executor="slurm"), tmp_path / "cut"
    command = [sys.executable, "-m", "naslib_edd.cli", "sweep", str(path)]
    sweep = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not any(out.glob("**/checkpoint.pt")):
        assert sweep.poll() is None
        time.sleep(0.05)
    sweep.send_signal(signal.SIGINT)
    _, told = sweep.communicate(timeout=120)
    assert sweep.returncode == 130 and "the same command goes on" in told
    assert not subprocess.run(["squeue", "-h"], capture_output=True, check=True).stdout.strip()
    assert main(["sweep", str(path)]) == 0
    assert records(out) == records(tmp_path / "whole")


def test_an_unknown_resource_is_said(
    slurm: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "x", executor="slurm", resources={"nodse": 3})
    assert main(["sweep", str(path)]) == 2
    assert "executor: slurm" in capsys.readouterr().err
