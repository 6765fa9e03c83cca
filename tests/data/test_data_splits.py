"""Where data and split files are looked for, and the halves that come of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_edd.data import SearchData, load
from naslib_edd.errors import UserError

Array = np.ndarray[Any, Any]
Cifar10 = tuple[Path, dict[str, Array]]
WriteSplit = Callable[[Path, Mapping[str, list[int]]], str]
CPU = torch.device("cpu")
EVEN, ODD = list(range(0, 40, 2)), list(range(1, 40, 2))


def _load(name: str, **options: Any) -> SearchData:
    return load(name, **{"seed": 0, "device": CPU, **options})


def _halves(data: SearchData, content: dict[str, Array]) -> tuple[list[int], list[int]]:
    """The training images' numbers in each half, by looking the images up."""
    numbers = {image.tobytes(): i for i, image in enumerate(content["x_train"])}
    halves = []
    for part in (data.train, data.val):
        found = [numbers[image.numpy().tobytes()] for image in part.images]
        assert part.labels.tolist() == content["y_train"][found].tolist()
        halves.append(found)
    return halves[0], halves[1]


def test_halves(cifar10: Cifar10) -> None:
    root, content = cifar10
    data = _load("cifar10", path=str(root), split="halves")
    assert _halves(data, content) == (list(range(20)), list(range(20, 40)))


def test_shuffled_halves(cifar10: Cifar10) -> None:
    root, content = cifar10
    seen = []
    for seed in (0, 1, 1):
        data = _load("cifar10", path=str(root), split="shuffled-halves", seed=seed)
        order = np.random.RandomState(seed).permutation(40).tolist()
        train, val = _halves(data, content)
        assert train + val == order
        assert len(train) == len(val) == 20
        seen.append(train)
    assert seen[0] != seen[1] == seen[2]


def test_all(cifar10: Cifar10) -> None:
    root, content = cifar10
    data = _load("cifar10", path=str(root), split="all")
    assert _halves(data, content) == (list(range(40)), list(range(40)))
    data = _load("cifar10", path=str(root), split="all", limit_val=3)
    assert _halves(data, content) == (list(range(40)), [0, 1, 2])


def test_fraction(cifar10: Cifar10) -> None:
    root, content = cifar10
    data = _load("cifar10", path=str(root), split="fraction", train_portion=0.8)
    assert _halves(data, content) == (list(range(32)), list(range(32, 40)))
    for portion in (None, 0.0, 1.0, 1.5):
        with pytest.raises(UserError, match="between 0 and 1"):
            _load("cifar10", path=str(root), split="fraction", train_portion=portion)


def test_limits(cifar10: Cifar10) -> None:
    root, content = cifar10
    options = {"path": str(root), "split": "halves"}
    data = _load("cifar10", **options, limit_train=3, limit_val=2)
    assert _halves(data, content) == ([0, 1, 2], [20, 21])
    assert data.test is not None
    assert len(data.test) == 6
    assert len(_load("cifar10", **options, limit_train=1000).train) == 20
    for name in ("limit_train", "limit_val"):
        with pytest.raises(UserError, match=f"{name} is 0"):
            _load("cifar10", **options, **{name: 0})


def test_nb201_by_argument_and_variable(
    cifar10: Cifar10, write_split: WriteSplit, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, content = cifar10
    backwards = write_split(root / "mine.txt", {"train": ODD[::-1], "valid": EVEN})
    named = write_split(root / "cifar-split.txt", {"train": EVEN, "valid": ODD})
    by_argument = _load("cifar10", path=str(root), split="nb201", split_file=backwards)
    assert _halves(by_argument, content) == (ODD[::-1], EVEN)  # in the file's order
    beside = _load("cifar10", path=str(root))  # nb201 is CIFAR-10's usual split
    assert beside.split == "nb201"
    assert _halves(beside, content) == (EVEN, ODD)
    monkeypatch.setenv("NASLIB_EDD_SPLIT", backwards)
    assert _halves(_load("cifar10", path=str(root)), content) == (ODD[::-1], EVEN)
    folder = _load("cifar10", path=str(root), split_file=str(root))
    assert _halves(folder, content) == (EVEN, ODD)
    Path(named).unlink()
    monkeypatch.delenv("NASLIB_EDD_SPLIT")
    with pytest.raises(UserError, match=r"cifar-split\.txt.*NASLIB_EDD_SPLIT \(not set\).*another"):
        _load("cifar10", path=str(root))
    monkeypatch.setenv("NASLIB_EDD_SPLIT", named)
    with pytest.raises(UserError, match=r"cifar-split\.txt.*looked at"):
        _load("cifar10", path=str(root))


def test_a_split_given_is_not_replaced(cifar10: Cifar10, write_split: WriteSplit) -> None:
    root, _ = cifar10
    write_split(root / "cifar-split.txt", {"train": EVEN, "valid": ODD})
    with pytest.raises(UserError, match=r"gone\.txt"):
        _load("cifar10", path=str(root), split_file=str(root / "gone.txt"))


@pytest.mark.parametrize(
    ("lists", "match"),
    [
        ({"train": [0, 40], "valid": [1]}, "index 40 under 'train', but there are 40"),
        ({"train": [0], "valid": [-1, 3]}, "index -1 under 'valid'"),
        ({"train": [0, 1], "valid": [1, 2]}, "both 'train' and 'valid'"),
        ({"train": [0, 0], "valid": [1]}, "twice under 'train'"),
        ({"train": [], "valid": [1]}, "nothing under 'train'"),
        ({"train": [0]}, "'train' and 'valid'"),
        ({"xvalid": [0]}, "not NAS-Bench-201's split of cifar10"),
    ],
)
def test_wrong_split_files(
    cifar10: Cifar10, write_split: WriteSplit, lists: dict[str, list[int]], match: str
) -> None:
    root, _ = cifar10
    path = write_split(root / "wrong.txt", lists)
    with pytest.raises(UserError, match=match) as caught:
        _load("cifar10", path=str(root), split="nb201", split_file=path)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "[1, 2]", '{"train": [1, 2]}', '{"train": ["float", ["1"]]}', '{"train": ["int", ["x"]]}'],
)
def test_files_that_are_no_split(cifar10: Cifar10, text: str) -> None:
    root, _ = cifar10
    path = root / "wrong.txt"
    path.write_text(text)
    with pytest.raises(UserError, match=r"wrong\.txt is no split file.*JSON such as"):
        _load("cifar10", path=str(root), split="nb201", split_file=str(path))


def _cifar100(tmp_path: Path) -> tuple[str, Array]:
    rng = np.random.default_rng(2)
    x = rng.integers(0, 256, (18, 32, 32, 3), dtype=np.uint8)
    y = np.arange(18)
    path = tmp_path / "cifar100.npz"
    np.savez(path, x_train=x[:10], y_train=y[:10], x_test=x[10:], y_test=y[10:])
    return str(path), x.transpose(0, 3, 1, 2)


@pytest.mark.parametrize("with_test", [True, False])
def test_nb201_convention_of_cifar100(
    tmp_path: Path, write_split: WriteSplit, with_test: bool
) -> None:
    """All training images train; half of the test images validate; the other half tests."""
    path, images = _cifar100(tmp_path)
    lists = {"xvalid": [1, 2, 5, 7]} | ({"xtest": [0, 3, 4, 6]} if with_test else {})
    write_split(tmp_path / "cifar100-test-split.txt", lists)
    data = _load("cifar100", path=path)
    assert data.test is not None
    assert data.train.labels.tolist() == list(range(10))
    assert data.val.labels.tolist() == [11, 12, 15, 17]
    assert data.test.labels.tolist() == [10, 13, 14, 16]
    np.testing.assert_array_equal(data.val.images.numpy(), images[[11, 12, 15, 17]])
    assert _load("cifar100", path=path, limit_val=2).val.labels.tolist() == [11, 12]


def test_a_split_of_another_set(tmp_path: Path, write_split: WriteSplit) -> None:
    path, _ = _cifar100(tmp_path)
    split = write_split(tmp_path / "cifar-split.txt", {"train": [0, 2], "valid": [1, 3]})
    with pytest.raises(UserError, match=r"not NAS-Bench-201's split of cifar100.*'file'"):
        _load("cifar100", path=path, split_file=split)
    data = _load("cifar100", path=path, split="file", split_file=split)
    assert data.val.labels.tolist() == [1, 3]
    assert data.test is not None
    assert len(data.test) == 8


def test_a_test_split_without_test_images(tmp_path: Path, write_split: WriteSplit) -> None:
    path = tmp_path / "half.npz"
    np.savez(path, x_train=np.zeros((4, 32, 32, 3), np.uint8), y_train=np.arange(4))
    split = write_split(tmp_path / "s.txt", {"xvalid": [0]})
    with pytest.raises(UserError, match="test images of cifar100, of which there are none"):
        _load("cifar100", path=str(path), split_file=split)


def test_splits_that_are_not() -> None:
    with pytest.raises(UserError, match="NAS-Bench-201 has no split of digits"):
        _load("digits", split="nb201")
    with pytest.raises(UserError, match="unknown split 'halfs'; did you mean 'halves'"):
        _load("digits", split="halfs")
    with pytest.raises(UserError, match=r"split of digits needs a split file, which"):
        _load("digits", split="file")
