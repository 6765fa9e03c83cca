"""Images of WebDataset shards: trained on, gone on with, refused."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import torch
from helpers import power_cut, rows_of
from pictures import LARGE, add, folders, needs, picture, refused, shards, write_shard
from retrain_small import run

from naslib_edd.errors import UserError
from naslib_edd.retrain.opening import open_large
from naslib_edd.retrain.processes import Processes
from naslib_edd.retrain.recipes import RECIPES
from naslib_edd.retrain.settings import make
from naslib_edd.retrain.shards import Shards
from naslib_edd.retrain.trainer import Trainer

needs("torchvision", "webdataset")
COUNTED = [*LARGE, "train_images=24"]


def opened(place: Path, *settings: str, processes: Processes | None = None) -> Shards:
    values = make(RECIPES["imagenet"].values, [*COUNTED, *settings], where="")
    found = open_large(values, str(place), torch.device("cpu"), processes or Processes())
    assert isinstance(found, Shards)
    return found


@pytest.mark.search
@pytest.mark.parametrize("workers", [0, 2])
def test_imagenets_recipe_trains_and_goes_on(workers: int, tmp_path: Path) -> None:
    """Stopped inside an epoch and gone on with, it is the unbroken training."""
    data = str(shards(tmp_path / "data"))
    settings = [*COUNTED, f"workers={workers}", "checkpoint_seconds=0"]
    found = run("DARTS_V2", "imagenet", settings, tmp_path / "whole", data=data)
    assert found.result["images"]["train"] == 24 and found.result["images"]["classes"] == 3
    with power_cut(epoch=1, step=1, kind=Trainer):
        run("DARTS_V2", "imagenet", settings, tmp_path / "cut", data=data)
    run("DARTS_V2", "imagenet", settings, tmp_path / "cut", data=data, resume=True)
    assert rows_of(tmp_path / "whole") == rows_of(tmp_path / "cut")


def test_an_epoch_of_few_images_has_each_once(tmp_path: Path) -> None:
    images = opened(shards(tmp_path / "data"))
    orders = []
    for epoch in range(2):
        labels = torch.cat([step.parts[0][1] for step in images.train(epoch, 0)])
        assert labels.bincount().tolist() == [8, 8, 8]
        orders.append(labels.tolist())
    assert orders[0] != orders[1]


def test_they_are_tested_as_a_folder_s_are(tmp_path: Path) -> None:
    """The same pictures give the same tensors, whatever they come from."""
    values = make(RECIPES["imagenet"].values, LARGE, where="")
    folder = folders(tmp_path / "folders")
    one = open_large(values, str(folder), torch.device("cpu"), Processes())
    other = opened(shards(tmp_path / "shards"))
    sums: list[list[tuple[int, float]]] = []
    for images in (one, other):
        found = [
            (int(label), float(x.double().sum()))
            for batch, labels in images.held_out("test")
            for x, label in zip(batch, labels, strict=True)
        ]
        sums.append(sorted(found))
    assert len(sums[0]) == 12 and sums[0] == sums[1]


def test_each_process_has_shards_of_its_own(tmp_path: Path) -> None:
    place = shards(tmp_path / "data")
    each = [opened(place, processes=Processes(rank, 2)).paths("train") for rank in range(2)]
    assert [path.name for path in each[0] + each[1]] == ["train-0.tar", "train-1.tar"]


def test_what_does_not_fit_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place, out = shards(tmp_path / "data"), tmp_path / "out"
    many = refused(capsys, out, place, *COUNTED, "workers=3")
    assert "2 training shard(s) for 3 reader(s)" in many and "workers=2 or less" in many
    values = make({"dataset": "imagenet"}, [*LARGE[4:], "workers=0"], where="")
    with pytest.raises(UserError, match="set classes=… and train_images=…"):
        open_large(values, str(place), torch.device("cpu"), Processes())
    (place / "val-0.tar").unlink()
    assert "no *val*.tar" in refused(capsys, out, place, *COUNTED)


@pytest.mark.search
@pytest.mark.parametrize("label", [b"3", b"-1", b"ant", b"", b"1" * 5000])
def test_a_wrong_label_is_named(
    label: bytes, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = shards(tmp_path / "data")
    write_shard(place / "train-0.tar", range(12), label=label)
    said = refused(capsys, tmp_path / "out", place, *COUNTED)
    assert "it must be 0 to 2 (classes)" in said and "of train-0.tar" in said


@pytest.mark.search
@pytest.mark.parametrize("workers", [0, 1])
def test_damaged_shards(workers: int, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    settings = [*COUNTED, f"workers={workers}"]
    place = shards(tmp_path / "data", readers=1)
    whole = (place / "train-0.tar").read_bytes()
    (place / "train-0.tar").write_bytes(b"no tar at all" * 100)
    shard = f"cannot read {place / 'train-0.tar'}: "
    assert f"{shard}invalid header" in refused(capsys, tmp_path / "a", place, *settings)
    (place / "train-0.tar").write_bytes(b"")
    assert f"{shard}empty" in refused(capsys, tmp_path / "b", place, *settings)
    (place / "train-0.tar").write_bytes(whole[: len(whole) // 2 - 300])
    assert f"{shard}unexpected end" in refused(capsys, tmp_path / "c", place, *settings)
    (place / "train-0.tar").unlink()
    (place / "train-0.tar").mkdir()
    assert f"{shard}Is a directory" in refused(capsys, tmp_path / "e", place, *settings)
    (place / "train-0.tar").rmdir()
    with tarfile.open(place / "train-0.tar", "w") as tar:
        add(tar, "0001.png", b"no picture")
        add(tar, "0001.cls", b"1")
    assert "cannot read the image 0001 of train-0.tar" in refused(
        capsys, tmp_path / "d", place, *settings
    )


def test_only_pictures_and_labels_are_read(tmp_path: Path) -> None:
    """A member that a decoder would unpickle, or a second picture's kind, is left alone."""
    place = shards(tmp_path / "data", readers=1)
    never = tmp_path / "never"
    unpickled = f"cos\nsystem\n(S'touch {never}'\ntR.".encode()
    with tarfile.open(place / "train-0.tar", "a") as tar:
        add(tar, "0100.pkl", unpickled)
        add(tar, "0100.cls", b"1")
    with tarfile.open(place / "val-0.tar", "a") as tar:
        add(tar, "2000.pyd", unpickled)
        picture(1, 0).save(tmp_path / "one.jpg")
        add(tar, "2000.jpg", (tmp_path / "one.jpg").read_bytes())
        add(tar, "2000.cls", b"0")
    images = opened(place)
    assert sum(len(labels) for _, labels in images.held_out("test")) == 13
    assert not never.exists()
