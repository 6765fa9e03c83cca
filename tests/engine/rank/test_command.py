"""``naslib-edd rank``: the run's own weights, the cells it allowed, the table's numbers."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import FOLDER, run, tiny_settings

from naslib_edd.cli.commands import main
from naslib_edd.engine.rank.command import rank
from naslib_edd.spaces.nb201.encoding import all_ops
from naslib_edd.storage.record import read_rows
from naslib_edd.tables import Table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished search of a second."""
    out = tmp_path_factory.mktemp("runs")
    run(tiny_settings(out))
    return out / FOLDER


def test_cells_are_different_ones_and_have_the_tables_accuracies(folder: Path) -> None:
    ranked = rank(folder, cells=40)
    assert ranked.epoch == 3 and ranked.images == 48 and ranked.allowed == 15_625
    assert len(set(ranked.indices)) == 40
    table = Table.open("digits").accuracy("digits", "test")
    np.testing.assert_allclose(ranked.table, table[ranked.indices])


def test_shared_weights_are_the_checkpoints(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from naslib_edd.engine.rank import command

    last = read_rows(folder / "record.jsonl")[-1]
    cells = np.array([3, last["index"], 99])
    monkeypatch.setattr(command, "_draw", lambda *_: command._Draw(cells, 3))
    ranked = rank(folder)
    assert ranked.supernet[1] == last["net_val_acc_batch"]
    assert ranked.supernet == rank(folder).supernet


def test_only_cells_that_the_search_allowed(tmp_path: Path) -> None:
    run(tiny_settings(tmp_path, search={"exclude_none": True, "epochs": 1}))
    ranked = rank(tmp_path / FOLDER, cells=30)
    assert ranked.allowed == 4**6
    assert (all_ops()[ranked.indices] > 0).all()


def test_the_command_prints_writes_and_repeats_itself(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "cells.csv"
    command = ["rank", str(folder), "--cells", "12", "--images", "40"]
    assert main([*command, "--out", str(out), "threads=1"]) == 0
    told = capsys.readouterr().out
    assert "12 of 15625 cells" in told and "Kendall's tau" in told and "40 validation" in told
    lines = list(csv.DictReader(out.open()))
    assert len(lines) == 12
    assert main([*command, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert facts["cells"] == 12 and facts["images"] == 40 and facts["dataset"] == "digits"
    again = rank(folder, cells=12, images=40)
    assert [float(line["supernet_val_acc"]) for line in lines] == again.supernet


def test_what_cannot_be_ranked_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(folder, bare)
    for file in bare.glob("checkpoint*"):
        file.unlink()
    for arguments, words in (
        ([str(bare)], "has no checkpoint"),
        ([str(tmp_path / "none")], "there is no folder"),
        ([str(folder), "table=none"], "no table to compare with"),
        ([str(folder), "--cells", "1"], "--cells 1 is too few"),
        ([str(folder), "--out", "x.txt"], "must end in .csv"),
        ([str(folder), "search.channels=4"], "search.channels was 2"),
    ):
        assert main(["rank", *arguments]) == 2
        assert words in capsys.readouterr().err


def test_a_floor_has_no_shared_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tiny_settings(tmp_path, optimizer="random_search", search={"epochs": 2})
    found = run(settings)
    assert main(["rank", str(found.folder)]) == 2
    assert "without a supernet" in capsys.readouterr().err
