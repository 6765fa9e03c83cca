"""``train_images: all``: both halves train, each image once, and no test image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_edd.data import SearchData, load

Cifar10 = tuple[Path, dict[str, Any]]


def load_all(name: str, **options: Any) -> SearchData:
    return load(
        name, **{"seed": 0, "device": torch.device("cpu"), "train_images": "all", **options}
    )


@pytest.mark.parametrize(
    ("options", "train", "val"),
    [
        ({"split": "halves"}, [*range(40)], [*range(20, 40)]),
        ({"split": "halves", "limit_train": 3, "limit_val": 2}, [0, 1, 2, 20, 21], [20, 21]),
        ({"split": "all"}, [*range(40)], [*range(40)]),
        ({"split": "all", "limit_val": 3}, [*range(40)], [0, 1, 2]),
    ],
)
def test_both_halves_once(
    cifar10: Cifar10, options: dict[str, Any], train: list[int], val: list[int]
) -> None:
    root, content = cifar10
    data = load_all("cifar10", path=str(root), **options)
    for part, wanted in ((data.train, train), (data.val, val)):
        np.testing.assert_array_equal(part.images.numpy(), content["x_train"][wanted])
        assert part.labels.tolist() == content["y_train"][wanted].tolist()


def test_no_test_image_trains(tmp_path: Path, write_split: Callable[..., str]) -> None:
    images = np.random.default_rng(2).integers(0, 256, (18, 32, 32, 3), dtype=np.uint8)
    path, labels = tmp_path / "cifar100.npz", np.arange(18)
    np.savez(path, x_train=images[:10], y_train=labels[:10], x_test=images[10:], y_test=labels[10:])
    # NAS-Bench-201 validates on half of CIFAR-100's test images.
    write_split(tmp_path / "cifar100-test-split.txt", {"xvalid": [1, 2, 5, 7]})
    data = load_all("cifar100", path=str(path))
    assert data.train.labels.tolist() == list(range(10))
    assert data.val.labels.tolist() == [11, 12, 15, 17]
