"""The builder: what it leaves after a kill, what it goes on with, what it makes of the records."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from build_digits_table import main
from digits_table import assemble as assembling
from digits_table import check as checking
from digits_table.build import build, chunks
from digits_table.classes import Classes, classes
from digits_table.digits import PROTOCOL, Training
from digits_table.records import Records
from rich.console import Console

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.encoding import SIZE
from naslib_edd.tables import Table

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).resolve().parents[2]
SHORT = dataclasses.replace(PROTOCOL, epochs=1, copies=1)


def training(index: int, seed: int) -> Training:
    """Made-up results that tell index and seed."""
    return Training(
        index=index,
        seed=seed,
        val=index / 200 + seed / 10,
        test=index / 250 + seed / 5,
        val_loss=1.0 - index / 20_000,
        test_loss=1.1 - index / 20_000 - seed / 100,
        train_loss=[2.0, 1.0],
        train_acc=[10.0, 50.0],
    )


def test_seeds_come_first_and_nothing_twice() -> None:
    done = {(0, int(index)) for index in classes().representatives[:6400]}
    work = chunks([0, 1], size=32, done=done)
    seeds = [chunk.seed for chunk in work]
    assert seeds == sorted(seeds)
    taken = [(chunk.seed, index) for chunk in work for index in chunk.indices]
    assert len(set(taken)) == len(taken) == 2 * 6466 - 6400
    assert not done & set(taken)
    assert max(len(chunk.indices) for chunk in work) == 32


def test_a_half_line_is_dropped_and_trained_again(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.begin(SHORT)
    records.append([training(1, 0), training(2, 0)], cpu_seconds=3.0)
    whole = records.path.read_bytes()
    records.path.write_bytes(whole[:-20])
    assert records.done() == {(0, 1)}
    records.begin(SHORT)
    records.append([training(2, 0)], cpu_seconds=1.5)
    assert records.path.read_bytes() == whole


def test_another_protocol_is_refused(tmp_path: Path) -> None:
    Records(tmp_path).begin(SHORT)
    with pytest.raises(UserError, match="another protocol"):
        Records(tmp_path).begin(PROTOCOL)


@pytest.mark.slow
def test_processes_share_the_work_and_a_second_call_has_none(tmp_path: Path) -> None:
    records, quiet = Records(tmp_path), Console(quiet=True)
    begin = partial(
        build, records, [0], processes=2, size=2, limit=6, protocol=SHORT, console=quiet
    )
    assert begin() == 0
    assert len(records.done()) == len(list(records)) == 6
    before = records.path.read_bytes()
    assert begin() == 0
    assert records.path.read_bytes() == before


@pytest.mark.process
@pytest.mark.slow
def test_killed_and_started_again_it_has_the_same_results(tmp_path: Path) -> None:
    """SIGKILL in the middle; then the same command; beside a build that was left alone."""
    command = [sys.executable, "benchmarks/build_digits_table.py", "--seeds", "1", "--limit", "4"]
    command += ["--processes", "1", "--chunk", "1", "--records"]
    records = Records(tmp_path / "killed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([*command, str(records.folder)], cwd=ROOT, env=environment)
    until = time.monotonic() + 90
    while not records.done() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(records.done()) > 0
    subprocess.run([*command, str(records.folder)], cwd=ROOT, env=environment, check=True)
    alone = Records(tmp_path / "alone")
    assert build(alone, [0], processes=1, size=4, limit=4, console=Console(quiet=True)) == 0

    def results(of: Records) -> dict[int, dict[str, object]]:
        return {row["index"]: {k: v for k, v in row.items() if k != "cpu_s"} for row in of}

    assert len(results(alone)) == 4
    assert results(records) == results(alone)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A space of which three architectures are trained."""
    found = Classes(np.array([3, 700, 15_002]), np.arange(SIZE) % 3)
    monkeypatch.setattr(assembling, "classes", lambda: found)
    monkeypatch.setattr(checking, "classes", lambda: found)
    return [3, 700, 15_002]


def fill(records: Records, indices: list[int], seeds: int) -> None:
    records.begin(PROTOCOL)
    for seed in range(seeds):
        records.append([training(index, seed) for index in indices], cpu_seconds=36.0)


def test_the_table_of_the_records(tmp_path: Path, few: list[int]) -> None:
    records = Records(tmp_path / "records")
    fill(records, few, seeds=3)
    records.append([training(few[0], 3)], cpu_seconds=1.0)  # a seed that is not complete
    path = assembling.assemble(records, tmp_path / "small.npz")
    table = Table.open(path)
    assert table.datasets == ("digits",)
    assert table.about["seeds"] == [0, 1, 2]
    assert table.about["core_hours"] == pytest.approx(0.03)
    for index in (0, 1, 2, 15_624):
        own = few[index % 3]
        for metric in assembling.METRICS:
            wanted = [getattr(training(own, seed), metric) for seed in range(3)]
            seeds = table.column(f"digits__{metric}_seeds")[index]
            assert seeds == pytest.approx(wanted, abs=5e-4)
            assert table.column(f"digits__{metric}")[index] == pytest.approx(seeds.mean())
    card = path.with_name("SMALL.md").read_text()
    assert "**Seeds:** 0, 1, 2." in card
    assert f"{table.about['noise']['test']['seed_std']:.2f}" in card
    assert json.loads(path.with_suffix(".json").read_text()) == table.about


def test_no_table_without_a_complete_seed(tmp_path: Path, few: list[int]) -> None:
    records = Records(tmp_path)
    fill(records, few[:2], seeds=2)
    with pytest.raises(UserError, match="no complete seed"):
        assembling.assemble(records, tmp_path / "small.npz")


@pytest.mark.parametrize(("shift", "code"), [(0.0, 0), (40.0, 1)])
def test_check_tells_right_values_from_wrong_ones(
    tmp_path: Path, few: list[int], monkeypatch: pytest.MonkeyPatch, shift: float, code: int
) -> None:
    records = Records(tmp_path / "records")
    fill(records, few, seeds=2)
    table = Table.open(assembling.assemble(records, tmp_path / "small.npz"))

    def retrained(indices: list[int], *, seed: int, **_: object) -> list[Training]:
        found = [training(index, seed) for index in indices]
        return [dataclasses.replace(one, test=one.test + shift) for one in found]

    monkeypatch.setattr(checking, "train", retrained)
    assert checking.check(4, table=table, console=Console(quiet=True)) == code
    # Of another processor, a small difference is another draw of the noise.
    monkeypatch.setattr(checking, "versions", lambda: {"torch": "0", "processor": "another"})
    assert checking.check(4, table=table, console=Console(quiet=True)) == code


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Records(tmp_path).begin(SHORT)
    assert main(["--records", str(tmp_path), "--assemble"]) == 2
    line = capsys.readouterr().err
    assert line.startswith("build_digits_table: ") and line.count("\n") == 1
    with pytest.raises(SystemExit, match="2"):
        main(["--check", "0"])
