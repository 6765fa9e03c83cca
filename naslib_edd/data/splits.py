"""How the training images of a search become a train half and a validation half."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_edd.data.datasets import Info
from naslib_edd.data.locate import find_split
from naslib_edd.errors import UserError, nearest

Indices = NDArray[np.int64]

SPLITS: dict[str, str] = {
    "nb201": "NAS-Bench-201's: its split file, by its convention for the set",
    "file": "a split file of your own",
    "halves": "the first half and the last half (DrNAS, NASLib)",
    "shuffled-halves": "two halves of an order shuffled by the run's seed",
    "fraction": "the first train_portion of the images, and the rest",
    "stratified": "two halves with nearly the same part of each class, whatever the seed",
    "all": "all images in both halves (GAEA ERM)",
}


class Split(NamedTuple):
    """Indices of the halves.

    ``val`` counts test images rather than training images where ``val_of_test``; ``test`` is then
    what is left of them for testing, and None where all are.
    """

    train: Indices
    val: Indices
    val_of_test: bool = False
    test: Indices | None = None


def make_split(
    info: Info,
    split: str,
    *,
    count: int,
    test_count: int,
    source: str,
    split_file: str | None,
    train_portion: float | None,
    seed: int,
    labels: Indices | None = None,
) -> Split:
    """The halves by the split's name (see :data:`SPLITS`).

    Args:
        count, test_count: how many training and test images there are.
        source: where the data are; a split file may lie beside them.
        split_file: used by ``nb201`` and ``file`` only.
        train_portion: used by ``fraction`` only: the train half's part, between 0 and 1.
        seed: used by ``shuffled-halves`` only.
        labels: of the training images; used by ``stratified`` only.

    Raises:
        UserError: an unknown split, one that does not fit the set, or no split file.
    """
    everything = np.arange(count, dtype=np.int64)
    if split == "all":
        return Split(everything, everything)
    if split == "halves":
        return Split(everything[: count // 2], everything[count // 2 :])
    if split == "shuffled-halves":
        order = np.random.RandomState(seed % 2**32).permutation(count).astype(np.int64)
        return Split(order[: count // 2], order[count // 2 :])
    if split == "stratified":
        if labels is None:
            raise ValueError("the split 'stratified' needs the labels")
        order = interleaved(labels, classes=int(labels.max()) + 1)
        return Split(order[: count // 2], order[count // 2 :])
    if split == "fraction":
        if train_portion is None or not 0 < train_portion < 1:
            raise UserError(
                f"the split 'fraction' has train_portion {train_portion}; give one between 0 and 1"
            )
        first = int(train_portion * count)
        return Split(everything[:first], everything[first:])
    if split == "nb201" and info.split_file is None:
        raise UserError(
            f"NAS-Bench-201 has no split of {info.name}; choose 'halves', or 'file' with your own"
        )
    if split not in ("nb201", "file"):
        raise UserError(f"unknown split '{split}'{nearest(split, SPLITS)}")
    path = find_split(info, split_file, source)
    return _from_file(info, split, path, count=count, test_count=test_count)


def interleaved(labels: Indices, *, classes: int) -> Indices:
    """One fixed order of images in which neighbours have nearly the same part of each class.

    So any block of it, from the start or not, has as well. ``labels`` are int64 [N].
    """
    shuffled = np.random.RandomState(0).permutation(len(labels)).astype(np.int64)
    # Each image's rank among its class, as a fraction: sorting by it interleaves the classes.
    rank = np.empty(len(labels))
    for label in range(classes):
        members = np.flatnonzero(labels[shuffled] == label)
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    return shuffled[np.argsort(rank, kind="stable")]


def _from_file(info: Info, split: str, path: Path, *, count: int, test_count: int) -> Split:
    stored = read_split(path)
    # NAS-Bench-201 halves CIFAR-10's training images, but the other sets' test images.
    of_test = "xvalid" in stored
    if split == "nb201" and of_test != (info.name != "cifar10"):
        raise UserError(
            f"{path} is not NAS-Bench-201's split of {info.name}: it lists {', '.join(stored)}; "
            f"give {info.split_file}, or choose the split 'file' to use it all the same"
        )
    if of_test:
        if not test_count:
            raise UserError(
                f"{path} splits the test images of {info.name}, of which there are none; add them "
                "or choose another split"
            )
        val = stored["xvalid"]
        test = stored.get("xtest")
        if test is None:
            test = np.setdiff1d(np.arange(test_count, dtype=np.int64), val)
        _check(path, {"xvalid": val, "xtest": test}, test_count, f"test images of {info.name}")
        return Split(np.arange(count, dtype=np.int64), val, True, test)
    if not {"train", "valid"} <= stored.keys():
        raise UserError(
            f"{path} lists {', '.join(stored) or 'nothing'}; a split file needs 'train' and "
            "'valid', or 'xvalid'"
        )
    halves = {"train": stored["train"], "valid": stored["valid"]}
    _check(path, halves, count, f"training images of {info.name}")
    return Split(halves["train"], halves["valid"])


def read_split(path: Path) -> dict[str, Indices]:
    """The lists of a split file, ``{"train": ["int", ["0", "5", ...]], ...}``, by name.

    Raises:
        UserError: the file cannot be read or has another form.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        lists = {}
        for name, (kind, numbers) in content.items():
            if kind != "int" or not isinstance(numbers, list):
                raise ValueError(f"'{name}' is no list of 'int'")
            lists[str(name)] = np.array([int(number) for number in numbers], dtype=np.int64)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; check the file") from error
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise UserError(
            f"{path} is no split file ({error}); it should be JSON such as "
            '{"train": ["int", ["0", "2"]], "valid": ["int", ["1", "3"]]}'
        ) from error
    return lists


def _check(path: Path, lists: dict[str, Indices], count: int, what: str) -> None:
    for name, numbers in lists.items():
        if not len(numbers):
            raise UserError(f"{path} has nothing under '{name}'; get the file again")
        if numbers.min() < 0 or numbers.max() >= count:
            raise UserError(
                f"{path} has index {numbers.max() if numbers.min() >= 0 else numbers.min()} under "
                f"'{name}', but there are {count} {what}; the file and the data do not belong "
                "together"
            )
        if len(np.unique(numbers)) != len(numbers):
            raise UserError(f"{path} lists an image twice under '{name}'; get the file again")
    first, second = lists
    if len(np.intersect1d(lists[first], lists[second])):
        raise UserError(
            f"{path} lists images under both '{first}' and '{second}'; get the file again"
        )
