"""Each official layout, read and compared with what was written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_edd.data import DATASETS, SearchData, load, resolve
from naslib_edd.errors import DataMissing, UserError

Array = np.ndarray[Any, Any]
Cifar10 = tuple[Path, dict[str, Array]]
CPU = torch.device("cpu")


def _load(name: str, **options: Any) -> SearchData:
    return load(name, **{"split": "all", "seed": 0, "device": CPU, **options})


def _same(data: SearchData, content: dict[str, Array]) -> None:
    for part, which in ((data.train, "train"), (data.test, "test")):
        assert part is not None
        assert part.images.dtype == torch.uint8
        assert part.labels.dtype == torch.int64
        np.testing.assert_array_equal(part.images.numpy(), content[f"x_{which}"])
        np.testing.assert_array_equal(part.labels.numpy(), content[f"y_{which}"])


def test_cifar10(cifar10: Cifar10) -> None:
    root, content = cifar10
    for path in (root, root / "cifar-10-batches-py"):
        data = _load("CIFAR10", path=str(path))
        _same(data, content)
        assert (data.name, data.classes, data.split) == ("cifar10", 10, "all")
        assert data.source == str(root / "cifar-10-batches-py")
        assert data.mean == (125.3, 123.0, 113.9)
        assert data.std == (63.0, 62.1, 66.7)


def test_cifar10_without_test_batch(cifar10: Cifar10) -> None:
    root, content = cifar10
    (root / "cifar-10-batches-py" / "test_batch").unlink()
    data = _load("cifar10", path=str(root))
    assert data.test is None
    assert len(data.train) == len(content["y_train"])


def test_cifar10_without_a_training_batch(cifar10: Cifar10) -> None:
    (cifar10[0] / "cifar-10-batches-py" / "data_batch_4").unlink()
    with pytest.raises(DataMissing, match=r"data_batch_4.*unpack"):
        _load("cifar10", path=str(cifar10[0]))


def test_cifar100_has_fine_labels(tmp_path: Path, write_batch: Callable[..., None]) -> None:
    rng = np.random.default_rng(0)
    content: dict[str, Array] = {}
    for which, count in (("train", 9), ("test", 4)):
        flat = rng.integers(0, 256, (count, 3072), dtype=np.uint8)
        labels = rng.integers(0, 100, count)
        write_batch(tmp_path / "cifar-100-python" / which, flat, labels.tolist(), "fine_labels")
        content |= {f"x_{which}": flat.reshape(-1, 3, 32, 32), f"y_{which}": labels}
    data = _load("cifar100", path=str(tmp_path))
    _same(data, content)
    assert data.classes == 100


@pytest.mark.parametrize("style", ["python2", "4"])
def test_imagenet16_keeps_120_classes(
    tmp_path: Path, write_batch: Callable[..., None], style: str
) -> None:
    rng = np.random.default_rng(0)
    images: list[list[Array]] = [[], []]
    labels: list[list[int]] = [[], []]
    files = [f"train_data_batch_{i}" for i in range(1, 11)] + ["val_data"]
    for file in files:
        flat = rng.integers(0, 256, (30, 768), dtype=np.uint8)
        numbers = [1, 120, 121, 1000, *rng.integers(1, 241, 26).tolist()]
        write_batch(tmp_path / "ImageNet16" / file, flat, numbers, "labels", style)
        for image, number in zip(flat, numbers, strict=True):  # as NAS-Bench-201: 1 <= label <= 120
            if number <= 120:
                images[file == "val_data"].append(image.reshape(3, 16, 16))
                labels[file == "val_data"].append(number - 1)
    data = _load("imagenet16-120", path=str(tmp_path))
    content = {"x_train": np.stack(images[0]), "y_train": np.array(labels[0])}
    content |= {"x_test": np.stack(images[1]), "y_test": np.array(labels[1])}
    _same(data, content)
    assert {0, 119} <= set(data.train.labels.tolist())
    assert data.name == "ImageNet16-120"


def _write_svhn(folder: Path) -> dict[str, Array]:
    from scipy.io import savemat

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    content: dict[str, Array] = {}
    for which, count in (("train", 12), ("test", 5)):
        x = rng.integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        y = (np.arange(count) % 10 + 1).astype(np.uint8)  # 1..10, where 10 is the digit 0
        savemat(folder / f"{which}_32x32.mat", {"X": x, "y": y[:, None]})
        content[f"x_{which}"] = np.stack([x[..., i].transpose(2, 0, 1) for i in range(count)])
        content[f"y_{which}"] = np.array([int(v) % 10 for v in y])
    return content


def test_svhn(tmp_path: Path) -> None:
    content = _write_svhn(tmp_path)
    _same(_load("svhn", path=str(tmp_path)), content)
    (tmp_path / "train_32x32.mat").write_bytes(b"MATLAB 5.0 nothing more")
    with pytest.raises(UserError, match=r"train_32x32\.mat is not a readable"):
        _load("svhn", path=str(tmp_path))


def _npz(path: Path, content: dict[str, Array], **other: Array) -> str:
    arrays: dict[str, Any] = {
        k: v.transpose(0, 2, 3, 1) if k[0] == "x" else v for k, v in content.items()
    }
    np.savez(path, **(arrays | other))
    return str(path)


def test_npz(tmp_path: Path, cifar10: Cifar10) -> None:
    _, content = cifar10
    _same(_load("cifar10", path=_npz(tmp_path / "mine.npz", content)), content)
    column = {"y_train": content["y_train"][:, None].astype(np.uint8)}
    _same(_load("cifar10", path=_npz(tmp_path / "column.npz", content, **column)), content)
    half = {k: v for k, v in content.items() if k.endswith("train")}
    assert _load("cifar10", path=_npz(tmp_path / "half.npz", half)).test is None


@pytest.mark.parametrize(
    ("other", "match"),
    [
        ({"x_train": np.zeros((40, 32, 32, 3))}, "x_train of float64"),
        ({"x_train": np.zeros((40, 3, 32, 32), np.uint8)}, r"needs uint8 \[N, H, W, 3\]"),
        ({"x_train": np.zeros((40, 16, 16, 3), np.uint8)}, "16x16 pixels, but cifar10 has 32x32"),
        ({"y_train": np.zeros(39, np.int64)}, "one integer an image"),
        ({"y_train": np.full(40, 10)}, "labels from 10 to 10, but cifar10 has classes 0 to 9"),
        ({"y_test": np.full(6, -1)}, "labels from -1"),
        ({"y_train": np.array([None] * 40)}, "not a readable .npz of plain arrays"),
        (
            {"x_train": np.zeros((0, 32, 32, 3), np.uint8), "y_train": np.zeros(0, np.int64)},
            "no images",
        ),
    ],
)
def test_wrong_npz(tmp_path: Path, cifar10: Cifar10, other: dict[str, Array], match: str) -> None:
    with pytest.raises(UserError, match=match):
        _load("cifar10", path=_npz(tmp_path / "wrong.npz", cifar10[1], **other))


def test_broken_and_incomplete_npz(tmp_path: Path) -> None:
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(UserError, match="not a readable"):
        _load("cifar10", path=str(broken))
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    with pytest.raises(UserError, match="needs x_train and y_train"):
        _load("cifar10", path=str(tmp_path / "other.npz"))


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    wanted = sorted(
        (bytes(np.rint(image * 255 / 16).astype(np.uint8)), int(label))
        for image, label in zip(bunch.images, bunch.target, strict=True)
    )
    data = _load("digits", split="halves")
    assert data.test is not None
    parts = (data.train, data.val, data.test)
    assert [len(part) for part in parts] == [600, 600, 597]
    got = []
    for part in parts:
        assert part.images.shape[1:] == (3, 8, 8)
        assert torch.equal(part.images[:, 0], part.images[:, 2])
        assert torch.equal(part.images[:, 0], part.images[:, 1])
        shares = torch.bincount(part.labels, minlength=10) / len(part)
        assert (shares - torch.from_numpy(np.bincount(bunch.target) / 1797)).abs().max() < 2 / 600
        grey, labels = part.images[:, 0].numpy(), part.labels.tolist()
        got += [(bytes(image), label) for image, label in zip(grey, labels, strict=True)]
    assert sorted(got) == wanted
    assert data.source == "scikit-learn"
    both = torch.cat([data.train.images, data.val.images])[:, 0].double()
    assert data.mean == pytest.approx([float(both.mean())] * 3, abs=1e-3)
    assert data.std == pytest.approx([float(both.std(correction=0))] * 3, abs=1e-3)


def test_digits_do_not_depend_on_the_seed() -> None:
    first, second = (_load("digits", split="halves", seed=seed) for seed in (0, 1))
    assert torch.equal(first.train.images, second.train.images)
    assert torch.equal(first.val.labels, second.val.labels)


def test_missing_libraries_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write_svhn(tmp_path)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    _load("svhn", path=str(tmp_path))  # needs none
    with pytest.raises(UserError, match="scikit-learn, which is not installed"):
        _load("digits")


def test_names() -> None:
    assert [resolve(name.upper()).name for name in DATASETS] == list(DATASETS)
    with pytest.raises(UserError, match="unknown data set 'cifar1000'; did you mean 'cifar10"):
        _load("cifar1000")
    with pytest.raises(UserError, match="choose one of digits, cifar10"):
        _load("xyz")


def test_default_augmentation() -> None:
    defaults = {name: (info.flip, info.pad) for name, info in DATASETS.items()}
    assert defaults == {
        "digits": (False, 1),
        "cifar10": (True, 4),
        "cifar100": (True, 4),
        "svhn": (False, 4),
        "ImageNet16-120": (True, 2),
    }


@pytest.mark.parametrize(("classes", "name"), [(10, "cifar100"), (7, "cifar10")])
def test_images_of_another_set_are_refused(tmp_path: Path, classes: int, name: str) -> None:
    """CIFAR-10 as cifar100 would train a head of 100 ways, of which 90 have no image."""
    labels = np.arange(300) % classes
    x = np.zeros((300, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "other.npz", x_train=x, y_train=labels)
    with pytest.raises(
        UserError, match=rf"of {classes} classes \(labels 0 to {classes - 1}\), but"
    ):
        _load(name, path=str(tmp_path / "other.npz"))
    # Few images need not show every class.
    np.savez(tmp_path / "few.npz", x_train=x[:12], y_train=labels[:12] * 9 % 10)
    assert len(_load("cifar10", path=str(tmp_path / "few.npz")).train) == 12
