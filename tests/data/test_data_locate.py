"""Where data are looked for, and what is said where they are not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_edd.data import SearchData, describe, load
from naslib_edd.errors import DataMissing, UserError

Array = np.ndarray[Any, Any]
Cifar10 = tuple[Path, dict[str, Array]]
CPU = torch.device("cpu")


def _load(name: str, **options: Any) -> SearchData:
    return load(name, **{"seed": 0, "device": CPU, **options})


def test_missing_data_says_where_and_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataMissing) as caught:
        _load("cifar10")
    text = str(caught.value)
    for part in ("NASLIB_EDD_CIFAR10 (not set)", "NASLIB_EDD_DATA (not set)", "Unpack cifar-10-py"):
        assert part in text
    with pytest.raises(DataMissing, match=r"nowhere \(not there\)"):
        _load("cifar10", path=str(tmp_path / "nowhere"))
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.touch()
    with pytest.raises(DataMissing, match="unpack an archive"):
        _load("cifar10", path=str(archive))
    monkeypatch.setenv("NASLIB_EDD_DATA", str(tmp_path))
    with pytest.raises(DataMissing, match=r"holds neither cifar-10-batches-py/ nor an \.npz"):
        _load("cifar10")


def _tiny(path: Path, value: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    x = np.full((2, 32, 32, 3), value, dtype=np.uint8)
    np.savez(path, x_train=x, y_train=np.arange(2))
    return path


def _value(data: SearchData) -> int:
    return int(data.train.images[0, 0, 0, 0])


def test_order_of_the_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    argument = _tiny(tmp_path / "a" / "x.npz", 1)
    own = _tiny(tmp_path / "b" / "y.npz", 2)
    common = _tiny(tmp_path / "c" / "cifar10_small.npz", 3)
    _tiny(tmp_path / "c" / "cifar100.npz", 4)
    monkeypatch.setenv("NASLIB_EDD_DATA", str(tmp_path / "c"))
    assert _value(_load("cifar10", split="halves")) == 3
    assert _value(_load("cifar100", split="halves")) == 4
    monkeypatch.setenv("NASLIB_EDD_DATA", str(common))
    assert _value(_load("cifar10", split="halves")) == 3
    with pytest.raises(DataMissing, match="does not say that it is cifar100"):
        _load("cifar100", split="halves")
    monkeypatch.setenv("NASLIB_EDD_CIFAR10", str(own))
    assert _value(_load("cifar10", split="halves")) == 2
    assert _value(_load("cifar10", split="halves", path=str(argument))) == 1
    # A place that was named and is empty is an error, not a reason to take other data.
    monkeypatch.setenv("NASLIB_EDD_CIFAR10", str(tmp_path / "gone"))
    with pytest.raises(DataMissing, match="gone"):
        _load("cifar10", split="halves")
    with pytest.raises(DataMissing, match="nothing"):
        _load("cifar10", split="halves", path=str(tmp_path / "nothing"))


def test_several_files_that_could_be_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _tiny(tmp_path / "cifar10_a.npz", 1)
    _tiny(tmp_path / "cifar-10-b.npz", 2)
    monkeypatch.setenv("NASLIB_EDD_DATA", str(tmp_path))
    with pytest.raises(UserError, match=r"cifar-10-b\.npz, cifar10_a\.npz"):
        _load("cifar10", split="halves")
    assert "several files" in {line.name: line.advice for line in describe()}["cifar10"]
    _tiny(tmp_path / "cifar10.npz", 3)
    assert _value(_load("cifar10", split="halves")) == 3


def test_describe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cifar10: Cifar10) -> None:
    monkeypatch.setenv("NASLIB_EDD_DATA", str(cifar10[0]))
    monkeypatch.setenv("NASLIB_EDD_SVHN", str(tmp_path / "gone"))
    lines = {line.name: line for line in describe()}
    assert list(lines) == ["digits", "cifar10", "cifar100", "svhn", "ImageNet16-120"]
    assert lines["digits"].path == "scikit-learn"
    assert lines["cifar10"].path == str(cifar10[0] / "cifar-10-batches-py")
    assert lines["cifar10"].advice == "nothing"
    for name, variable in (("cifar100", "CIFAR100"), ("ImageNet16-120", "IMAGENET16")):
        assert lines[name].path is None
        assert f"NASLIB_EDD_{variable}" in lines[name].advice
    assert lines["svhn"].path is None


@pytest.mark.process
def test_looking_for_data_needs_no_torch() -> None:
    code = (
        "import sys; from naslib_edd.data import describe as d; d(); print('torch' in sys.modules)"
    )
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


@pytest.mark.data("NASLIB_EDD_CIFAR10", "NASLIB_EDD_SPLIT")
def test_the_real_cifar10() -> None:
    data = _load("cifar10")
    assert data.test is not None
    assert [len(part) for part in (data.train, data.val, data.test)] == [25_000, 25_000, 10_000]
    counts = torch.bincount(data.train.labels) + torch.bincount(data.val.labels)
    assert counts.tolist() == [5000] * 10
    assert torch.bincount(data.test.labels).tolist() == [1000] * 10
    # The constants are those of all 50,000 training images.
    both = torch.cat([data.train.images[::5], data.val.images[::5]]).float()
    assert both.mean((0, 2, 3)).tolist() == pytest.approx(list(data.mean), abs=1.5)
    assert both.std((0, 2, 3)).tolist() == pytest.approx(list(data.std), abs=1.5)
