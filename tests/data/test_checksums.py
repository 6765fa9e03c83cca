"""Official files' published checksums: what differs is said and recorded, not refused."""

from __future__ import annotations

import hashlib
import importlib
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from pictures import needs

from naslib_edd.data import load
from naslib_edd.data.checksums import MD5, checksum_line, differing
from naslib_edd.data.datasets import DATASETS
from naslib_edd.engine.result import images_of
from naslib_edd.errors import UserError


def _load(folder: Path) -> Any:
    return load("cifar10", path=str(folder), split="halves", seed=0, device=torch.device("cpu"))


def test_the_list_has_every_file_of_every_set() -> None:
    assert MD5.keys() == DATASETS.keys() - {"digits"}
    sums = [value for files in MD5.values() for value in files.values()]
    assert len(sums) == len(set(sums)) == 6 + 2 + 2 + 11
    assert all(re.fullmatch("[0-9a-f]{32}", value) for value in sums)


def test_torchvision_has_the_same_sums() -> None:
    needs("torchvision")  # imported where it fits this PyTorch
    datasets = importlib.import_module("torchvision.datasets")
    for name, kind in (("cifar10", datasets.CIFAR10), ("cifar100", datasets.CIFAR100)):
        assert MD5[name] == dict(kind.train_list + kind.test_list)
    for part in ("train", "test"):
        _, file, md5 = datasets.SVHN.split_list[part]
        assert MD5["svhn"][file] == md5


def test_files_that_differ_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("train", "test"):
        (tmp_path / name).write_bytes(name.encode())
    sums = {name: hashlib.md5(name.encode()).hexdigest() for name in ("train", "test")}
    monkeypatch.setitem(MD5, "cifar100", sums)
    files = [tmp_path / name for name in sums]
    assert differing("cifar100", files) == []
    files[1].write_bytes(b"other")
    assert differing("cifar100", files) == ["test"]


def test_a_folder_that_differs_is_read_and_recorded(
    cifar10: tuple[Path, dict[str, np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cifar10[0] / "cifar-10-batches-py"
    sums = {file.name: hashlib.md5(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    data = _load(cifar10[0])
    assert (data.checksum, len(data.differing)) == ("differs", 6)
    monkeypatch.setitem(MD5, "cifar10", sums)
    data = _load(cifar10[0])
    assert (data.checksum, data.differing) == ("official", ())
    assert images_of(data) == {"train": 20, "val": 20, "checksum": "official"}
    batch = folder / "data_batch_3"
    damaged = bytearray(batch.read_bytes())
    damaged[len(damaged) // 2] ^= 1  # of a pixel: nothing in the file itself tells
    batch.write_bytes(damaged)
    data = _load(cifar10[0])
    assert (data.checksum, data.differing) == ("differs", ("data_batch_3",))
    assert images_of(data)["differing"] == ["data_batch_3"]
    batch.write_bytes(damaged[:-900])
    with pytest.raises(UserError, match="data_batch_3 is not a readable batch"):
        _load(cifar10[0])


def test_one_line_says_so() -> None:
    assert checksum_line(()) == []
    assert "data_batch_3 is not as published" in checksum_line(["data_batch_3"])[0]
    (line,) = checksum_line(["a", "b"])
    assert "a, b are not as published" in line and "\n" not in line


def test_data_without_published_sums_say_nothing() -> None:
    data: Any = SimpleNamespace(train=[1, 2], val=[3], checksum=None, differing=())
    assert images_of(data) == {"train": 2, "val": 1}
