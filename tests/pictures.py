"""Small folders and shards of pictures, as ImageNet comes, for the tests of retraining."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from naslib_edd.cli import main

#: ImageNet's recipe on small pictures, two epochs of three steps.
LARGE = [
    "channels=4",
    "cells=3",
    "classes=3",
    "image_size=32",
    "auxiliary=0",  # its head needs 224
    "epochs=2",
    "warmup_epochs=1",
    "batch_size=8",
    "eval_batch_size=5",
    "threads=1",
    "device=cpu",
    "workers=0",
]
CLASSES = ("ant", "bee", "cat")


def needs(*packages: str) -> None:
    """Skip where a package is not there, or does not fit this PyTorch, which it may say anyhow."""
    for package in packages:
        try:
            __import__(package)
        except Exception as error:
            why = " ".join(str(error).split())[:80] or type(error).__name__
            pytest.skip(f"{package} cannot be imported here: {why}", allow_module_level=True)


def picture(number: int, label: int) -> Image.Image:
    """Noise of odd sizes, whose brightness tells the class; every fifth is grey."""
    random = np.random.default_rng(number)
    shape = (40 + number % 7, 48 - number % 5, 3)
    array = (random.integers(0, 60, shape) + 60 * label).astype(np.uint8)
    found = Image.fromarray(array)
    return found.convert("L") if number % 5 == 0 else found


def folders(place: Path, *, train: int = 24, val: int = 12) -> Path:
    """A folder of class folders, ``train/`` and ``val/``."""
    for part, count, first in (("train", train, 0), ("val", val, 1000)):
        for number in range(count):
            label = number % len(CLASSES)
            folder = place / part / CLASSES[label]
            folder.mkdir(parents=True, exist_ok=True)
            picture(first + number, label).save(folder / f"{number:03}.png")
    return place


def shards(place: Path, *, train: int = 24, val: int = 12, readers: int = 2) -> Path:
    """The same pictures in tar files, so many to train on."""
    place.mkdir(parents=True, exist_ok=True)
    for number in range(readers):
        write_shard(place / f"train-{number}.tar", range(number, train, readers))
    write_shard(place / "val-0.tar", range(1000, 1000 + val))
    return place


def write_shard(path: Path, numbers: range, *, label: bytes | None = None) -> None:
    """Pictures and labels by their numbers; `label` in the place of every label."""
    with tarfile.open(path, "w") as tar:
        for number in numbers:
            own = number % 1000 % len(CLASSES)
            png = io.BytesIO()
            picture(number, own).save(png, "png")
            add(tar, f"{number:04}.png", png.getvalue())
            add(tar, f"{number:04}.cls", str(own).encode() if label is None else label)


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """One member."""
    about = tarfile.TarInfo(name)
    about.size = len(content)
    tar.addfile(about, io.BytesIO(content))


def refused(capsys: pytest.CaptureFixture[str], out: Path, data: Path, *settings: str) -> str:
    """The one line that ImageNet's recipe is refused with on these images."""
    small = ["retrain", "DARTS_V2", "--recipe", "imagenet", "--data", str(data), "--out", str(out)]
    assert main([*small, *settings]) == 2
    said = capsys.readouterr().err
    assert len(said.strip().splitlines()) == 1 and "Traceback" not in said
    return said
