"""``loaders: naslib``: NASLib's own data loaders, end to end on small official-format files."""

from __future__ import annotations

import hashlib
import importlib.util
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from helpers import rows_of
from rich.console import Console

from naslib_edd.config.loading import load
from naslib_edd.data import load as load_data
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.plugin import naslib_data
from naslib_edd.plugin.runner import run
from naslib_edd.storage.record import read_rows, without_timings

Array = np.ndarray[Any, Any]
needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None,
    reason="torchvision is not installed: NASLib's own loaders need it",
)


def write_cifar10(folder: Path, images: Array, labels: Array) -> dict[str, str]:
    """The official files for images [n, 3, 32, 32] (a sixth of them to test); file → md5."""
    folder.mkdir(parents=True)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    each = len(images) // len(names)
    for place, name in enumerate(names):
        part = slice(place * each, (place + 1) * each)
        batch = {"data": images[part].reshape(each, -1), "labels": labels[part].tolist()}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    meta = {"label_names": [str(label) for label in range(10)]}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))
    return {
        file.name: hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        for file in folder.iterdir()
    }


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets torchvision take these files for the official ones: it knows those by their md5."""

    def accept(sums: dict[str, str]) -> None:
        from torchvision.datasets import CIFAR10

        train = [[name, sums[name]] for name, _ in CIFAR10.train_list]
        monkeypatch.setattr(CIFAR10, "train_list", train)
        monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
        monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums["batches.meta"]})

    return accept


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    values = {
        "optimizer": "edd_darts",
        "dataset": "cifar10",
        "seed": 1,
        "out_dir": str(tmp_path / "runs"),
        "data": str(tmp_path / "data"),
        "threads": 1,
        "loaders": "naslib",
        "search": {"epochs": 1, "batch_size": 4},
    }
    path.write_text(yaml.safe_dump(values))
    return path


def drawn(count: int = 12) -> tuple[Array, Array]:
    source = np.random.default_rng(0)
    images = source.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
    return images, source.integers(0, 10, count)


def quiet(config: Path, *overrides: str, **options: Any) -> dict[str, Any]:
    return run(config, overrides, console=Console(quiet=True), **options)


@pytest.mark.search
@pytest.mark.naslib
@needs_torchvision
def test_end_to_end_and_resumed(
    config: Path, naslib: SimpleNamespace, small: Callable[..., None], tmp_path: Path
) -> None:
    small(write_cifar10(tmp_path / "data" / "cifar-10-batches-py", *drawn()))
    overrides = ["search.epochs=2", "search.anneal=step"]
    result = quiet(config, *overrides, f"out_dir={tmp_path / 'whole'}")
    assert result["images"] == {"train": 5, "val": 5}
    unbroken = tmp_path / "whole/nasbench201/cifar10/edd_darts/1"
    whole = read_rows(unbroken / "record.jsonl")
    assert [row["epoch"] for row in whole] == [1, 2]
    assert all(row["train_loss"] > 0 and row["val_loss"] > 0 for row in whole)
    assert "net_val_acc_batch" not in whole[0]
    # Two steps an epoch are known to the cosine: this is the rate of the second of them.
    assert whole[0]["learning_rate"] == pytest.approx(0.001 + 0.012 * (1 + np.cos(np.pi / 4)))
    # Broken off after the first epoch, and resumed: the same record.
    folder = tmp_path / "runs/nasbench201/cifar10/edd_darts/1"
    with pytest.MonkeyPatch.context() as patch:
        new_epoch = naslib_class().new_epoch

        def stop(self: Any, epoch: int) -> None:
            if epoch == 1:
                raise KeyboardInterrupt
            new_epoch(self, epoch)

        patch.setattr(naslib_class(), "new_epoch", stop)
        with pytest.raises(KeyboardInterrupt):
            quiet(config, *overrides)
    assert len(read_rows(folder / "record.jsonl")) == 1
    resumed = quiet(config, *overrides, resume=True)
    assert rows_of(folder) == rows_of(unbroken)
    assert without_timings(resumed) == without_timings(result)


def naslib_class() -> Any:
    from naslib_edd.plugin.adapter import Adapter

    return Adapter


@pytest.mark.search
@pytest.mark.naslib
@needs_torchvision
def test_real_images(
    config: Path,
    naslib: SimpleNamespace,
    small: Callable[..., None],
    real_cifar10: Path,
    tmp_path: Path,
) -> None:
    """Real CIFAR-10 in small: NASLib's loaders give the images that ours read."""
    data = load_data(
        "cifar10", path=str(real_cifar10), split="halves", seed=0, limit_train=24, limit_val=2,
        device=torch.device("cpu"),
    )  # fmt: skip
    images, labels = data.train.images.numpy(), data.train.labels.numpy()
    small(write_cifar10(tmp_path / "data" / "cifar-10-batches-py", images, labels))
    seen: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        loaders = naslib.utils.get_train_val_loaders

        def look(*given: Any, **options: Any) -> Any:
            seen.append(loaders(*given, **options))
            return seen[-1]

        patch.setattr(naslib.utils, "get_train_val_loaders", look)
        result = quiet(config, "optimizer=edd_pc_darts")
    assert result["images"] == {"train": 10, "val": 10}
    test = torch.cat([x for x, _ in seen[0][2]])
    mean, std = (
        torch.tensor(numbers)[:, None, None]
        for numbers in ((0.49139968, 0.48215827, 0.44653124), (0.24703233, 0.24348505, 0.26158768))
    )
    wanted = (torch.from_numpy(images[20:]) / 255 - mean) / std
    torch.testing.assert_close(test, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.search
@pytest.mark.naslib
@needs_torchvision
def test_files_that_are_not_the_official_ones(
    config: Path, naslib: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torchvision would download over them; here that has no network."""
    from torchvision.datasets import CIFAR10

    def offline(self: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(CIFAR10, "download", offline)
    write_cifar10(tmp_path / "data" / "cifar-10-batches-py", *drawn())
    with pytest.raises(UserError, match=r"cannot read .*data: no network; torchvision takes whole"):
        quiet(config)


def root_of(path: Path | None, dataset: str = "cifar10", **top: Any) -> Path:
    return naslib_data.root(
        load({"dataset": dataset, "data": None if path is None else str(path), **top})
    )


def test_where_naslib_is_sent(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-py", *drawn())
    assert root_of(tmp_path) == root_of(tmp_path / "cifar-10-batches-py") == tmp_path
    (tmp_path / "cifar-10-batches-py").rename(tmp_path / "mine")
    with pytest.raises(UserError, match="want the folder of cifar10 to be called cifar-10-batches"):
        root_of(tmp_path / "mine")
    svhn = tmp_path / "SVHN"
    svhn.mkdir()
    (svhn / "train_32x32.mat").touch()
    assert root_of(tmp_path, "svhn") == svhn


def test_what_naslib_cannot_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("NASLIB_EDD_DATA", "NASLIB_EDD_CIFAR10"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UserError, match="NASLib's loaders have no data set 'digits'"):
        root_of(None, "digits")
    np.savez(tmp_path / "cifar10.npz", x_train=np.zeros(1))
    with pytest.raises(UserError, match=r"official files only, not cifar10\.npz"):
        root_of(tmp_path / "cifar10.npz")
    with pytest.raises(DataMissing, match="cifar10 was not found"):
        root_of(tmp_path / "nothing")
    assert root_of(tmp_path / "nothing", download=True) == tmp_path / "nothing"
