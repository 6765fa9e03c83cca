"""Downloads through torchvision, with a stand-in for it that needs no network."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_edd.data import SearchData, load
from naslib_edd.errors import DataMissing, UserError

CPU = torch.device("cpu")


def _load(name: str, **options: Any) -> SearchData:
    return load(name, **{"split": "all", "seed": 0, "device": CPU, **options})


def _write_svhn(folder: Path) -> None:
    """What torchvision leaves in its root: two files, here of 3 images each."""
    from scipy.io import savemat

    folder.mkdir(parents=True, exist_ok=True)
    for which, value in (("train", 1), ("test", 2)):
        x = np.full((32, 32, 3, 3), value, dtype=np.uint8)
        savemat(folder / f"{which}_32x32.mat", {"X": x, "y": np.array([[1], [10], [2]])})


def _is_svhn(data: SearchData, folder: Path) -> bool:
    assert data.test is not None
    assert data.train.images.unique().tolist() == [1]
    assert data.test.images.unique().tolist() == [2]
    return data.train.labels.tolist() == [1, 0, 2] and data.source == str(folder)


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A torchvision that needs no network: ``module.write(root)`` stands for the download."""
    module: Any = types.ModuleType("torchvision")
    module.datasets = types.ModuleType("torchvision.datasets")
    module.write = None

    def fetch(root: str, **options: object) -> None:
        assert options.pop("download") is True
        module.write(Path(root))

    for name in ("CIFAR10", "CIFAR100", "SVHN"):
        setattr(module.datasets, name, fetch)
    monkeypatch.setitem(sys.modules, "torchvision", module)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", module.datasets)
    result: types.ModuleType = module
    return result


def test_download(tmp_path: Path, torchvision: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "new"
    torchvision.write = _write_svhn
    assert _is_svhn(_load("svhn", path=str(root), download=True), root)
    torchvision.write = None  # what is there is not downloaded again
    assert _is_svhn(_load("svhn", path=str(root), download=True), root)
    monkeypatch.setenv("NASLIB_EDD_DATA", str(tmp_path / "common"))
    torchvision.write = _write_svhn
    assert _is_svhn(_load("svhn", download=True), tmp_path / "common")


def test_download_that_cannot_be(
    tmp_path: Path, torchvision: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="no folder to download cifar10 into"):
        _load("cifar10", download=True)
    with pytest.raises(UserError, match=r"ImageNet16-120 cannot be downloaded.*val_data"):
        _load("ImageNet16-120", path=str(tmp_path), download=True)

    def offline(folder: Path) -> None:
        raise OSError("no route to host")

    torchvision.write = offline
    with pytest.raises(UserError, match=r"could not download cifar10.*no route to host"):
        _load("cifar10", path=str(tmp_path), download=True)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(UserError, match="needs torchvision, which is not installed"):
        _load("cifar10", path=str(tmp_path), download=True)
    with pytest.raises(DataMissing):  # never without being asked
        _load("cifar10", path=str(tmp_path))
