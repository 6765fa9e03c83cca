"""Images of a folder of class folders: trained on, gone on with, shared out, refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers import power_cut, rows_of
from pictures import CLASSES, LARGE, folders, needs, refused
from retrain_small import run

from naslib_edd.retrain.folders import Folders
from naslib_edd.retrain.processes import Processes
from naslib_edd.retrain.recipes import RECIPES
from naslib_edd.retrain.settings import make
from naslib_edd.retrain.trainer import Trainer
from naslib_edd.storage.record import RunFolder

needs("torchvision")


def opened(place: Path, *settings: str, processes: Processes | None = None) -> Folders:
    values = make(RECIPES["imagenet"].values, [*LARGE, *settings], where="")
    return Folders(values, place, torch.device("cpu"), processes or Processes())


@pytest.mark.search
def test_imagenets_recipe_trains(tmp_path: Path) -> None:
    """The whole way, with its stem; what is written does not depend on the workers."""
    data = str(folders(tmp_path / "data"))
    found = run("DARTS_V2", "imagenet", LARGE, tmp_path / "none", data=data)
    assert found.result["images"]["classes"] == len(CLASSES)
    assert found.result["images"]["train"] == 24 and found.result["images"]["test"] == 12
    assert found.result["settings"]["stem"] == "imagenet"
    two = [text.replace("workers=0", "workers=2") for text in LARGE]
    run("DARTS_V2", "imagenet", two, tmp_path / "two", data=data)
    assert rows_of(tmp_path / "none") == rows_of(tmp_path / "two")


@pytest.mark.search
def test_at_its_own_size_with_the_auxiliary_head(tmp_path: Path) -> None:
    data = str(folders(tmp_path / "data", train=4, val=3))
    own = [text for text in LARGE if "auxiliary" not in text and "image_size" not in text]
    small = [*own, "batch_size=4"]
    found = run("DARTS_V2", "imagenet", small, tmp_path / "out", data=data)
    assert found.result["settings"]["image_size"] == 224
    assert found.result["settings"]["auxiliary"] == 0.4


@pytest.mark.search
def test_a_power_cut_inside_an_epoch(tmp_path: Path) -> None:
    data, settings = str(folders(tmp_path / "data")), [*LARGE, "checkpoint_seconds=0"]
    run("DARTS_V2", "imagenet", settings, tmp_path / "whole", data=data)
    with power_cut(epoch=1, step=1, kind=Trainer):
        run("DARTS_V2", "imagenet", settings, tmp_path / "cut", data=data)
    run("DARTS_V2", "imagenet", settings, tmp_path / "cut", data=data, resume=True)
    assert rows_of(tmp_path / "whole") == rows_of(tmp_path / "cut")
    assert RunFolder(tmp_path / "cut").read_result() is not None


def test_processes_share_a_batch(tmp_path: Path) -> None:
    """Two processes together have the images of one alone, augmented alike, in its order."""
    place = folders(tmp_path / "data")
    alone = list(opened(place).train(3, 0))
    each = [list(opened(place, processes=Processes(rank, 2)).train(3, 0)) for rank in range(2)]
    assert len(alone) == 3
    for number, whole in enumerate(alone):
        shares = [steps[number] for steps in each]
        assert [share.total for share in shares] == [8, 8] == [whole.total] * 2
        together = torch.cat([part[0] for share in shares for part in share.parts])
        assert torch.equal(together, whole.parts[0][0])
        labels = torch.cat([part[1] for share in shares for part in share.parts])
        assert torch.equal(labels, whole.parts[0][1])


def test_every_epoch_has_every_image_once(tmp_path: Path) -> None:
    images = opened(folders(tmp_path / "data"))
    orders = []
    for epoch in range(2):
        labels = torch.cat([step.parts[0][1] for step in images.train(epoch, 0)])
        assert labels.bincount().tolist() == [8, 8, 8]
        orders.append(labels.tolist())
    assert orders[0] != orders[1]
    later = [step.parts[0][0] for step in images.train(1, 2)]
    assert torch.equal(later[0], list(images.train(1, 0))[2].parts[0][0])
    held_out = list(images.held_out("test"))
    assert [len(labels) for _, labels in held_out] == [5, 5, 2]
    assert torch.cat([labels for _, labels in held_out]).tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_what_does_not_fit_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = folders(tmp_path / "data")
    said = refused(capsys, tmp_path / "out", place, *LARGE, "classes=1000")
    assert "classes = 1000" in said and "has 3 classes" in said
    (place / "val" / "bee").rename(tmp_path / "bee")
    assert "other classes than" in refused(capsys, tmp_path / "out", place, *LARGE)
    (tmp_path / "only" / "train").mkdir(parents=True)
    assert "has no val/" in refused(capsys, tmp_path / "out", tmp_path / "only", *LARGE)
    (tmp_path / "only" / "val").mkdir()
    assert str(tmp_path / "only" / "train") in refused(
        capsys, tmp_path / "out", tmp_path / "only", *LARGE
    )


@pytest.mark.search
@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_picture_is_named(
    workers: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = folders(tmp_path / "data")
    broken = place / "train" / "cat" / "002.png"
    broken.write_bytes(broken.read_bytes()[:200])
    said = refused(capsys, tmp_path / "out", place, *LARGE, f"workers={workers}")
    assert str(broken) in said
