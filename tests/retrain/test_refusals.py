"""What is wrong is said in one line, exit code 2, and nothing is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from retrain_small import DIGITS, NB201, cifar, run

from naslib_edd.cli.commands import main
from naslib_edd.errors import UserError
from naslib_edd.retrain.architecture import find
from naslib_edd.retrain.settings import make
from naslib_edd.retrain.trainer import check_precision
from naslib_edd.spaces.darts.published import PUBLISHED

GENOTYPE = str(PUBLISHED["DARTS_V2"].genotype)
CIFAR = [*("channels=2", "cells=3", "epochs=1", "batch_size=4", "threads=1", "device=cpu")]


def refused(capsys: pytest.CaptureFixture[str], out: Path, *arguments: str) -> str:
    """The one line of a refusal."""
    assert main(["retrain", *arguments, "--out", str(out)]) == 2
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("naslib-edd: "), said.err
    assert not out.exists()
    return lines[0]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["Genotype(normal=[('sep_conv_3x3', 0)])"], "lacks reduce"),
        ([GENOTYPE.replace("sep_conv_3x3", "sep_conv_4x4", 1)], "sep_conv_4x4"),
        (["DARTS_V7"], "is no architecture"),
        (["|nor_conv_9x9~0|+|none~0|none~1|+|none~0|none~1|none~2|"], "nor_conv_9x9"),
        (["99999"], "99999"),
        (["none/such/run"], "there is no run's folder none/such/run"),
        ([""], "empty"),
        (["1835", "--space", "nasbench"], "unknown search_space"),
        (["1835", "--recipe", "nb201_13"], "did you mean 'nb201_12'"),
        (["1835", "--recipe", "darts_cifar", "dataset=digits"], "auxiliary"),
        (["1835", "drop_path=0.2", "dataset=digits"], "no drop path"),
        (["1835", "dataset=digits", "epoch=3"], "unknown setting 'epoch'"),
        (["1835", "dataset=digits", "epochs=many"], "epochs must be a whole number"),
        (["1835", "dataset=digits", "epochs=0"], "at least 1"),
        (["1835", "dataset=digits", "classes=12"], "classes = 12"),
        (["1835", "dataset=digits", "precision=fp16", "device=cpu"], "needs a GPU"),
        (["1835", "dataset=digits", "batch_size=1"], "at least 2"),
        (["1835", "--data", "/none/such"], "/none/such"),
        (["DARTS_V2", "dataset=digits"], "8"),
        (["DARTS_V2", "--recipe", "imagenet"], "--data FOLDER"),
        (["DARTS_V2", "--recipe", "imagenet", "--data", "/none/such"], "no folder /none/such"),
    ],
)
def test_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert words in refused(capsys, tmp_path / "out", *arguments)


def test_images_of_other_classes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = str(cifar(tmp_path / "cifar10.npz"))
    said = refused(capsys, tmp_path / "out", "DARTS_V2", "--data", data, "classes=100", *CIFAR)
    assert "classes = 100" in said and "has 10 classes" in said


def test_a_folder_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retrain", "1835", "dataset=digits"]) == 2
    assert "--out DIR" in capsys.readouterr().err


def test_a_folder_that_is_no_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = refused(capsys, tmp_path / "out", str(tmp_path))
    assert "no result.json" in said


def test_torchvision_is_missing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    data = str(cifar(tmp_path / "cifar10.npz"))
    for arguments in (
        ["DARTS_V2", "--recipe", "imagenet", "--data", str(tmp_path)],
        ["DARTS_V2", "--data", data, "policy=trivial", *CIFAR],
    ):
        said = refused(capsys, tmp_path / "out", *arguments)
        assert "naslib-edd[vision]" in said


def test_precision_without_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    with pytest.raises(UserError, match="no bf16 units"):
        check_precision("bf16", torch.device("cpu"))


def test_settings_that_do_not_go_together() -> None:
    for settings in (["warmup_epochs=5", "epochs=5"], ["nesterov=true", "momentum=0"],
                     ["learning_rate=0.1", "learning_rate_min=0.2"]):  # fmt: skip
        with pytest.raises(UserError):
            make({}, settings, where="")


def test_forms_of_an_architecture() -> None:
    assert find("1835").space.name == find("1835.0").space.name == "nasbench201"
    assert find("1835").arch == find(str(find("1835").space.text(find("1835").arch))).arch
    for text in (GENOTYPE, "DARTS_V2", f"darts = {GENOTYPE}"):
        assert find(text).arch == find("DARTS_V2").arch and find(text).space.name == "darts"
    skip = "sep_conv_3x3"
    s2 = GENOTYPE
    for name in ("dil_conv_3x3", "dil_conv_5x5", "max_pool_3x3", "avg_pool_3x3", "sep_conv_5x5"):
        s2 = s2.replace(name, skip)
    assert find(s2, space="s2").space.name == "s2"


@pytest.mark.search
def test_a_searchs_folder(tmp_path: Path) -> None:
    from helpers import FOLDER, tiny_settings
    from helpers import run as searched

    found = searched(tiny_settings(tmp_path, search={"epochs": 1}))
    folder = tmp_path / FOLDER
    assert find(str(folder)).space.text(find(str(folder)).arch) == found.arch_str
    trained = run(str(folder), "nb201_12", [*DIGITS, "epochs=1"], tmp_path / "out")
    assert trained.result["from"] == str(folder)
    assert trained.result["arch_str"] == found.arch_str
    assert found.arch_str != NB201
