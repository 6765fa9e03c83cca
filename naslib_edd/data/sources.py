"""Reading the image sets as they are published, into plain arrays."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_edd.data.batches import read_batch
from naslib_edd.data.checksums import MD5, differing
from naslib_edd.data.datasets import Info
from naslib_edd.data.mat import read_mat
from naslib_edd.data.npz import read_arrays
from naslib_edd.data.splits import interleaved
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.storage.broken import BROKEN, first_line

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]
Part = tuple[Pixels, Labels]

DIGITS_TRAIN = 1200  # of 1,797: 600 for each half of the search; the other 597 are for testing


class Raw(NamedTuple):
    """Pixels uint8 ``[n, 3, H, W]`` and labels int64 ``[n]``; the test part may be None.

    ``differing`` names the official files that are not as published; None: not official files.
    """

    train: Part
    test: Part | None
    differing: tuple[str, ...] | None = None


def read(info: Info, path: Path) -> Raw:
    """The set at ``path``, an ``.npz`` or an official folder (see :mod:`naslib_edd.data.locate`).

    Raises:
        DataMissing: a file of the folder is not there.
        UserError: a file is not what it should be.
    """
    differing: tuple[str, ...] | None = None
    if path.is_file():
        train, test = _read_npz(path)
    else:
        train, test = _read_folder(info, path)
        differing = _differing(info, path)
    for part in (train, test):
        if part is not None:
            _check(info, path, *part)
    _check_classes(info, path, train[1])
    return Raw(train, test, differing)


def _read_folder(info: Info, path: Path) -> tuple[Part, Part | None]:
    if info.name == "svhn":
        last = path / "test_32x32.mat"
        return _read_mat(path / "train_32x32.mat"), _read_mat(last) if last.is_file() else None
    names, last_name, key, first_label = _BATCHES[info.name]
    train = _read_batches(info, [path / name for name in names], key, first_label)
    last = path / last_name
    return train, _read_batches(info, [last], key, first_label) if last.is_file() else None


def _differing(info: Info, folder: Path) -> tuple[str, ...]:
    files = [folder / name for name in MD5[info.name] if (folder / name).is_file()]
    try:
        return tuple(differing(info.name, files))
    except OSError as error:
        raise UserError(f"cannot read the files of {folder}: {error.strerror or error}") from error


# Training files, test file, the labels' key, the first class's label. CIFAR-100's coarse labels
# are not used.
_BATCHES: dict[str, tuple[list[str], str, str, int]] = {
    "cifar10": ([f"data_batch_{i}" for i in range(1, 6)], "test_batch", "labels", 0),
    "cifar100": (["train"], "test", "fine_labels", 0),
    "ImageNet16-120": ([f"train_data_batch_{i}" for i in range(1, 11)], "val_data", "labels", 1),
}


def read_digits() -> Raw:
    """scikit-learn's handwritten digits: 1,200 images to search with, 597 to test with.

    The grey values 0..16 become 0..255 in three equal channels. The images are put in one fixed
    order, whatever the run's seed, in which any block of neighbours has nearly the same part of
    each class; so the first half, the last half and the test images all have.

    Raises:
        UserError: scikit-learn is not installed.
    """
    package = find_spec("sklearn")
    if package is None:
        raise UserError(
            "the data set 'digits' comes with scikit-learn, which is not installed; install "
            "scikit-learn or choose another data set"
        )
    values = _digits(str(package.origin))
    grey = np.rint(values[:, :64].reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    labels = values[:, 64].astype(np.int64)
    order = interleaved(labels, classes=10)
    pixels = np.repeat(grey[order][:, None], 3, axis=1)
    labels = labels[order]
    return Raw(
        (pixels[:DIGITS_TRAIN], labels[:DIGITS_TRAIN]),
        (pixels[DIGITS_TRAIN:], labels[DIGITS_TRAIN:]),
    )


@cache
def _digits(package: str) -> NDArray[np.float64]:
    """Grey values 0..16 of 8 × 8 pixels, and the label, [1797, 65].

    Read from scikit-learn's file, without importing scikit-learn: that takes two seconds, most of
    them for pandas and scipy.stats.
    """
    file = Path(package).parent / "datasets" / "data" / "digits.csv.gz"
    if file.is_file():
        return np.loadtxt(file, delimiter=",")
    from sklearn.datasets import load_digits  # a version that keeps its data elsewhere

    bunch = load_digits()
    return np.column_stack([bunch.data, bunch.target])


def _read_batches(info: Info, files: list[Path], key: str, first_label: int) -> Part:
    pixels, labels = [], []
    values = 3 * info.size * info.size
    for file in files:
        flat, numbers = read_batch(file, key)
        if flat.shape[1] != values:
            raise UserError(
                f"{file} has {flat.shape[1]} values an image, but {info.name} has {values}; get "
                "the official file"
            )
        # ImageNet16 has 1,000 classes, of which ImageNet16-120 keeps the first.
        numbers = numbers - first_label
        keep = numbers < info.classes if first_label else np.ones(len(numbers), dtype=bool)
        pixels.append(flat[keep].reshape(-1, 3, info.size, info.size))
        labels.append(numbers[keep])
    return np.concatenate(pixels), np.concatenate(labels)


def _read_npz(path: Path) -> tuple[Part, Part | None]:
    stored = read_arrays(path, ("x_train", "y_train", "x_test", "y_test"))
    if not {"x_train", "y_train"} <= stored.keys() or ("x_test" in stored) != ("y_test" in stored):
        raise UserError(
            f"{path} holds {', '.join(stored) or 'none of the arrays wanted'}; it needs x_train "
            "and y_train, and may have x_test and y_test"
        )

    def part(which: str) -> Part:
        images, labels = stored[f"x_{which}"], stored[f"y_{which}"]
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise UserError(
                f"{path} has x_{which} of {images.dtype} {list(images.shape)}; it needs uint8 "
                "[N, H, W, 3]"
            )
        if labels.dtype.kind not in "iu" or labels.size != len(images):
            raise UserError(
                f"{path} has y_{which} of {labels.dtype} {list(labels.shape)} for "
                f"{len(images)} images; it needs one integer an image"
            )
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2)), labels.reshape(-1).astype(
            np.int64
        )

    return part("train"), part("test") if "x_test" in stored else None


def _read_mat(path: Path) -> Part:
    try:
        content = read_mat(path, ("X", "y"))
        images, labels = content["X"], content["y"].reshape(-1).astype(np.int64)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != len(labels):
            raise ValueError(f"X is {images.dtype} {list(images.shape)}, y has {len(labels)}")
    except FileNotFoundError:
        raise DataMissing(f"{path} was not found; get SVHN's cropped digits again") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; check the file") from error
    except BROKEN as error:
        raise UserError(
            f"{path} is not a readable file of SVHN's ({type(error).__name__}: "
            f"{first_line(error)}); get it again"
        ) from error
    labels[labels == 10] = 0  # SVHN writes the digit 0 as 10
    return np.ascontiguousarray(images.transpose(3, 2, 0, 1)), labels


def _check(info: Info, path: Path, pixels: Pixels, labels: Labels) -> None:
    if not len(labels):
        raise UserError(f"{path} holds no images of {info.name}; get the data again")
    if pixels.shape[1:] != (3, info.size, info.size):
        raise UserError(
            f"{path} has images of {pixels.shape[2]}x{pixels.shape[3]} pixels, but {info.name} has "
            f"{info.size}x{info.size}; give the data of {info.name}"
        )
    if labels.min() < 0 or labels.max() >= info.classes:
        raise UserError(
            f"{path} has labels from {labels.min()} to {labels.max()}, but {info.name} has classes "
            f"0 to {info.classes - 1}; give the data of {info.name}"
        )


def _check_classes(info: Info, path: Path, labels: Labels) -> None:
    """Images of another set pass for this one where only the range of the labels is looked at.

    A few images need not show every class: it is an error where a random selection of as many
    would hardly ever miss so many classes.
    """
    seen = np.unique(labels)
    count, classes = len(labels), info.classes
    # Mean and variance of the number of different classes among `count` random images.
    one, two = (1 - 1 / classes) ** count, (1 - 2 / classes) ** count
    mean = classes * (1 - one)
    variance = classes * one + classes * (classes - 1) * two - (classes * one) ** 2
    if len(seen) < mean - 4 * max(variance, 0.0) ** 0.5 - 1e-6:
        raise UserError(
            f"{path} has training images of {len(seen)} classes (labels {seen[0]} to {seen[-1]}), "
            f"but {info.name} has {info.classes}; give the data of {info.name}, or name another "
            "set: dataset=custom takes any"
        )
