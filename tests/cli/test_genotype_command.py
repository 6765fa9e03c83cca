"""``naslib-edd genotype``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import run, tiny_settings

from naslib_edd.cli.commands import main
from naslib_edd.spaces.darts.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert main(["genotype", *map(str, arguments), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["genotype", *map(str, arguments)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_a_published_cell(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "pc-darts")
    assert found["name"] == "PC_DARTS_cifar"
    assert found["cifar"] == {
        "channels": 36, "cells": 20, "classes": 10, "parameters": 3_634_678,
        "auxiliary_parameters": 476_426, "flops": 556_670_592,
    }  # fmt: skip
    assert found["operations"]["normal"]["dil_conv_3x3"] == 2  # type: ignore[index]
    assert main(["genotype", "DARTS_V1"]) == 0
    out = capsys.readouterr().out
    assert "3.169 M" in out
    assert "Warning: 3 of the normal cell's 8 edges are skip_connect" in out
    assert main(["genotype"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(PUBLISHED)


def test_texts_and_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert told(capsys, V2)["genotype"] == V2.as_dict()
    log = tmp_path / "log.txt"
    other = PUBLISHED["P_DARTS"].genotype
    log.write_text(f"epoch 0\n12:00 genotype = {other}\nepoch 1\n13:00 genotype = {V2}\nloss 1\n")
    found = told(capsys, log)
    assert (found["name"], found["arch_str"]) == ("log.txt", str(V2))
    written = tmp_path / "arch.json"
    written.write_text(json.dumps(V2.as_dict()))
    assert told(capsys, written)["arch_str"] == str(V2)
    part = Path(str(written)).with_name("odd.json")
    part.write_text(json.dumps({**V2.as_dict(), "reduce_concat": [3, 4, 5]}))
    assert told(capsys, part)["genotype"]["reduce_concat"] == [3, 4, 5]  # type: ignore[index]


def test_a_drawing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "cells.svg"
    assert told(capsys, "drnas", "--draw", path)["drawing"] == str(path)
    assert "sep 5" in path.read_text()
    assert "x.gif" in fails(capsys, "drnas", "--draw", tmp_path / "x.gif")
    assert not (tmp_path / "x.gif").exists()


def test_errors(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "is no published cell" in fails(capsys, "DARTS_V5")
    assert "there is no file" in fails(capsys, tmp_path / "nothing.txt")
    assert "record.jsonl" in fails(capsys, tmp_path)
    empty = tmp_path / "empty"
    empty.write_text("")
    assert "is no genotype" in fails(capsys, empty)
    assert "models are not here" in fails(capsys, "DARTS", "--nb301")


@pytest.mark.search
def test_a_run_of_another_space(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    done = run(tiny_settings(tmp_path))
    capsys.readouterr()
    assert "searched NAS-Bench-201, whose architectures are no genotypes" in fails(
        capsys, done.folder
    )
