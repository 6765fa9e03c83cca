"""Checksums, one writer, and what a resumed run is compared with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers import FOLDER, flip, rows_of, run, start, tiny_settings

from naslib_edd.cli.checkup import examine
from naslib_edd.config.loading import load
from naslib_edd.engine import checkpoint
from naslib_edd.errors import UserError
from naslib_edd.storage.lock import NAME, only_writer
from naslib_edd.storage.record import RunFolder, read_rows


def test_a_damaged_line_is_named_and_a_row_has_no_checksum(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for epoch in (1, 2, 3):
        folder.append({"epoch": epoch, "t": 0.5})
    assert read_rows(folder.record)[1] == {"epoch": 2, "t": 0.5}
    text = folder.record.read_text()
    folder.record.write_text(text.replace('"epoch": 2, "t": 0.5', '"epoch": 2, "t": 0.7'))
    with pytest.raises(UserError, match=r"line 2 .*does not fit its checksum"):
        read_rows(folder.record)


def test_epochs_twice_or_missing_are_refused(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for epoch in (1, 2, 2, 3):
        folder.append({"epoch": epoch})
    with pytest.raises(UserError, match=r"line 3 .*tells of epoch 2, where 3 belongs"):
        folder.keep(4)


def test_an_edited_config_is_named(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_config("seed: 0\n")
    assert folder.read_config() == ("seed: 0\n", True)
    folder.config.write_text(folder.config.read_text().replace("0\n", "1\n", 1))
    with pytest.raises(UserError, match="changed by hand"):
        folder.read_config()


def test_a_runs_own_config_is_checked_when_another_search_takes_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.write_config("seed: 0\n")
    folder.append({"epoch": 1})
    assert load(folder.config).seed == 0
    folder.config.write_text(folder.config.read_text().replace("0\n", "1\n", 1))
    with pytest.raises(UserError, match="changed by hand"):
        load(folder.config)
    copy = tmp_path / "config.yaml"
    copy.write_bytes(folder.config.read_bytes())
    assert load(copy).seed == 1  # a copy elsewhere may be changed
    folder.config.write_text("seed: 1\n")
    with pytest.raises(UserError, match="lost its checksum"):
        load(folder.config)


@pytest.mark.search
def test_what_no_checkpoint_can_hold_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    import datetime

    settings = tiny_settings(tmp_path, evaluation={"x": datetime.date(2020, 1, 1)})
    with pytest.raises(UserError, match=r"evaluation\.x .* a date"):
        run(settings)
    with pytest.raises(UserError, match=r"evaluation\.x is a date"):
        checkpoint.check_holds({"run": {"evaluation": settings["evaluation"]}})
    assert not (tmp_path / FOLDER / "config.yaml").exists()


@pytest.mark.search
def test_a_damaged_checkpoint_falls_back_and_the_run_is_the_same(tmp_path: Path) -> None:
    whole = run(tiny_settings(tmp_path / "whole"))
    cut = run(tiny_settings(tmp_path / "cut"))
    file = cut.folder / "checkpoint.pt"
    flip(file)
    with pytest.raises(UserError, match="cannot read checkpoint"):
        checkpoint.load(file)
    assert examine(cut.folder) == 1
    resumed = run(tiny_settings(tmp_path / "cut"), resume=True)
    assert rows_of(resumed.folder) == rows_of(whole.folder)
    assert examine(cut.folder) == 0
    for name in ("checkpoint.pt", "checkpoint.previous.pt"):
        flip(cut.folder / name)
    with pytest.raises(UserError, match=r"cannot go on in .* and of the one before"):
        run(tiny_settings(tmp_path / "cut"), resume=True)


@pytest.mark.search
def test_another_runs_record_and_a_lost_checkpoint_are_refused(tmp_path: Path) -> None:
    one, other = run(tiny_settings(tmp_path / "a")), run(tiny_settings(tmp_path / "b", seed=1))
    record = (one.folder / "record.jsonl").read_bytes()
    (one.folder / "record.jsonl").write_bytes((other.folder / "record.jsonl").read_bytes())
    with pytest.raises(UserError, match="another run's"):
        run(tiny_settings(tmp_path / "a"), resume=True)
    (one.folder / "record.jsonl").write_bytes(record)
    for name in ("checkpoint.pt", "checkpoint.previous.pt", "result.json"):
        (one.folder / name).unlink()
    with pytest.raises(UserError, match="its checkpoint is gone"):
        run(tiny_settings(tmp_path / "a"), resume=True)


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    with only_writer(tmp_path):  # noqa: SIM117
        with (
            pytest.raises(UserError, match=f"being written by process {os.getpid()} on"),
            only_writer(tmp_path),
        ):
            pass
    assert not (tmp_path / NAME).exists()
    (tmp_path / NAME).write_text('{"process": 1, "host": "gone", "since": "yesterday"}')
    with only_writer(tmp_path) as said:
        assert "taken over" in said[0]


@pytest.mark.search
def test_a_finished_run_goes_on_where_its_length_did_not_matter(tmp_path: Path) -> None:
    fixed = {"anneal_epochs": 4, "epochs": 4}
    whole = run(tiny_settings(tmp_path / "whole", search=fixed))
    run(tiny_settings(tmp_path / "short", search={**fixed, "epochs": 2}))
    longer = run(tiny_settings(tmp_path / "short", search=fixed), resume=True)
    assert rows_of(longer.folder) == rows_of(whole.folder)
    run(tiny_settings(tmp_path / "cosine"))
    with pytest.raises(UserError, match="the learning rate's cosine"):
        run(tiny_settings(tmp_path / "cosine", search={"epochs": 4}), resume=True)


@pytest.mark.process
@pytest.mark.slow
def test_three_resumes_at_once(tmp_path: Path) -> None:
    import yaml

    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(tiny_settings(tmp_path / "runs", search={"epochs": 60})))
    processes = [start("search", config, "--resume", "--no-figures") for _ in range(3)]
    for process in processes:
        process.communicate()
    assert sorted(process.returncode for process in processes) == [0, 2, 2]
    assert len(read_rows(tmp_path / "runs" / FOLDER / "record.jsonl")) == 60
