"""One's own images: arrays, two datasets of PyTorch's kind, an ``.npz`` or a folder of classes.

Whatever form they come in, a search gets uint8 pixels of three channels (a grey image three times,
as in the set ``digits``) and labels ``0 .. classes - 1``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_edd.data.class_folders import read_folder
from naslib_edd.data.datasets import Info, Triple
from naslib_edd.data.names import CUSTOM
from naslib_edd.data.npz import read_arrays
from naslib_edd.data.sources import Labels, Part, Pixels, Raw
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.storage.paths import is_folder, look, path_of

#: Height and width that a search takes; two halvings must leave whole numbers.
SMALLEST, LARGEST = 8, 64
_PARTS = ("x_train", "y_train", "x_test", "y_test")
_FORMS = (
    "arrays (x_train, y_train, x_test, y_test), a mapping of these names, two PyTorch datasets "
    "(train, test), a path of an .npz or of a folder with a folder for each class"
)


class Own(NamedTuple):
    """Images of one's own, checked.

    ``info`` is what the catalogue has of a known set; ``classes`` are the names of the classes, if
    there are any.
    """

    info: Info
    raw: Raw
    source: str
    classes: tuple[str, ...] | None


def own_images(given: Any) -> Own:
    """Images in any of the forms that :func:`naslib_edd.search` takes as ``data``.

    Args:
        given: arrays ``(x_train, y_train)`` or ``(x_train, y_train, x_test, y_test)``, or a mapping
            of these names; two datasets ``(train, test)`` of PyTorch's kind (with ``len`` and
            ``dataset[i]`` → image, label), of which test may be None; or the path of an ``.npz`` or
            of a folder. An array of images is ``[N, H, W]``, ``[N, H, W, C]`` or ``[N, C, H, W]``
            with 1 or 3 channels, of uint8, or of floats from 0 to 1 (rounded to 256 steps).

    Raises:
        DataMissing: there is no such file or folder.
        UserError: another form, shape, type or size; labels that are not ``0 .. classes - 1``; a
            class without a training image.
    """
    if isinstance(given, str | Path):
        return _own(*_of_path(path_of(given, "the data")))
    if isinstance(given, Mapping):
        return _own(_named(dict(given), "the data given"), "memory", None)
    if isinstance(given, Sequence) and len(given) in (2, 4):
        if len(given) == 2 and all(item is None or _is_dataset(item) for item in given):
            return _own(*_of_datasets(*given))
        return _own(dict(zip(_PARTS, given, strict=False)), "memory", None)
    raise UserError(f"data of type {type(given).__name__} cannot be searched on; give {_FORMS}")


def _own(parts: dict[str, Any], source: str, classes: tuple[str, ...] | None) -> Own:
    where = "the data given" if source == "memory" else source
    train = _part(parts, "train", where)
    test = _part(parts, "test", where) if parts.get("x_test") is not None else None
    if test is not None and test[0].shape[2:] != train[0].shape[2:]:
        raise UserError(
            f"x_test of {where} has images of {_size(test[0])} pixels and x_train of "
            f"{_size(train[0])}; bring both to one size"
        )
    count = _count_classes(where, train[1], None if test is None else test[1], classes)
    size = min(train[0].shape[2:])
    mean, std = _constants(train[0])
    info = Info(
        name=CUSTOM,
        classes=count,
        size=size,
        mean=mean,
        std=std,
        flip=False,  # a mirrored letter is another sign: whoever wants it says so
        pad=max(size // 8, 1),
        split="stratified",
    )
    return Own(info, Raw(train, test), source, classes)


def _named(parts: dict[str, Any], where: str) -> dict[str, Any]:
    """The four arrays of a mapping: the two of a half must go together."""
    unknown = [str(key) for key in parts if key not in _PARTS]
    if unknown or not {"x_train", "y_train"} <= parts.keys():
        told = ", ".join(map(str, parts)) or "nothing"
        raise UserError(
            f"{where} holds {told}; it needs x_train and y_train, and may have x_test and y_test"
        )
    if (parts.get("x_test") is None) != (parts.get("y_test") is None):
        raise UserError(f"{where} has one of x_test and y_test without the other")
    return parts


def _of_path(path: Path) -> tuple[dict[str, Any], str, tuple[str, ...] | None]:
    if is_folder(path, "the data"):
        train, test, names = read_folder(path)
        parts = {"x_train": train[0], "y_train": train[1]}
        if test is not None:
            parts |= {"x_test": test[0], "y_test": test[1]}
        return parts, str(path), names
    if look(path, "the data") is None:
        raise DataMissing(
            f"there are no images at {path}; give an .npz, or a folder with a folder for each class"
        )
    if path.suffix.lower() != ".npz":
        raise UserError(f"{path} is neither an .npz nor a folder; unpack it, or use numpy.savez")
    return _named(read_arrays(path, _PARTS), str(path)), str(path), None


def _is_dataset(item: object) -> bool:
    return hasattr(item, "__len__") and hasattr(item, "__getitem__") and not hasattr(item, "shape")


def _of_datasets(train: Any, test: Any) -> tuple[dict[str, Any], str, tuple[str, ...] | None]:
    if train is None:
        raise UserError("the first of the two datasets is None; it holds the training images")
    parts = dict(zip(("x_train", "y_train"), _gathered(train, "train"), strict=True))
    if test is not None:
        parts |= dict(zip(("x_test", "y_test"), _gathered(test, "test"), strict=True))
    names = getattr(train, "classes", None)
    texts = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    return parts, "memory", tuple(names) if names and texts else None


def _gathered(dataset: Any, which: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """All items of a dataset, each taken once, in order."""
    images: list[NDArray[Any]] = []
    labels: list[NDArray[Any]] = []
    for number in range(len(dataset)):
        try:
            image, label = dataset[number]
            array = np.asarray(image)
        except (TypeError, ValueError) as error:
            raise UserError(
                f"item {number} of the {which} dataset is no pair of an image and a label ({error})"
            ) from None
        if images and (array.shape != images[0].shape or array.dtype != images[0].dtype):
            raise UserError(
                f"item {number} of the {which} dataset is {array.dtype} {list(array.shape)}, but "
                f"the first is {images[0].dtype} {list(images[0].shape)}; give all the same form"
            )
        images.append(array)
        labels.append(np.asarray(label))
    if not images:
        raise UserError(f"the {which} dataset is empty")
    try:
        return np.stack(images), np.stack(labels)
    except ValueError as error:
        raise UserError(f"the labels of the {which} dataset differ in form ({error})") from None


def _part(parts: dict[str, Any], which: str, where: str) -> Part:
    pixels = _pixels(np.asarray(parts[f"x_{which}"]), f"x_{which} of {where}")
    return pixels, _labels(np.asarray(parts[f"y_{which}"]), len(pixels), f"y_{which} of {where}")


def _pixels(images: NDArray[Any], what: str) -> Pixels:
    """uint8 [N, 3, H, W]."""
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[1] not in (1, 3) and images.shape[3] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise UserError(
            f"{what} has the shape {list(images.shape)}; it needs [N, H, W], [N, H, W, C] or "
            "[N, C, H, W] with 1 or 3 channels"
        )
    if not len(images):
        raise UserError(f"{what} holds no images")
    for side in images.shape[2:]:
        if not SMALLEST <= side <= LARGEST or side % 4:
            raise UserError(
                f"{what} has images of {_size(images)} pixels; the network halves them twice and "
                f"takes heights and widths from {SMALLEST} to {LARGEST} that 4 divides: resize them"
            )
    images = _eight_bits(images, what)
    three = np.repeat(images, 3, axis=1) if images.shape[1] == 1 else images
    return np.ascontiguousarray(three)


def _eight_bits(images: NDArray[Any], what: str) -> Pixels:
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise UserError(
            f"{what} is of {images.dtype}; it needs uint8 (0 to 255), or floats from 0 to 1"
        )
    if not (np.isfinite(images).all() and images.min() >= 0 and images.max() <= 1):
        raise UserError(
            f"{what} has values from {images.min():g} to {images.max():g}; floats must lie between "
            "0 and 1 (leave normalising to the search: search.pixel_mean and pixel_std)"
        )
    return np.rint(images * 255).astype(np.uint8)


def _labels(labels: NDArray[Any], count: int, what: str) -> Labels:
    if labels.dtype.kind not in "iu" or labels.size != count:
        raise UserError(
            f"{what} is of {labels.dtype} {list(labels.shape)} for {count} images; it needs one "
            "integer an image"
        )
    if labels.min() < 0:
        raise UserError(f"{what} has the label {labels.min()}; labels count from 0")
    return labels.reshape(-1).astype(np.int64)


def _count_classes(
    where: str, train: Labels, test: Labels | None, names: tuple[str, ...] | None
) -> int:
    most = int(max(part.max() for part in (train, test) if part is not None))
    count = max(most + 1, len(names or ()))
    if names is not None and most >= len(names):
        raise UserError(f"{where} has the label {most}, but names {len(names)} classes")
    if count > len(train):
        raise UserError(
            f"{where} has labels up to {most} for {len(train)} training images; labels are the "
            "numbers of the classes, 0 to classes - 1"
        )
    seen = np.bincount(train, minlength=count)
    short = np.flatnonzero(seen < 2)
    if len(short):
        first = int(short[0])
        named = f" ({names[first]})" if names else ""
        raise UserError(
            f"{where} has {seen[first]} training image(s) of class {first}{named} of {count}; each "
            "class needs 2 or more, one for each half: labels are 0 to classes - 1, without gaps"
        )
    if count < 2:
        raise UserError(f"{where} has one class only; there is nothing to tell apart")
    return count


def _constants(pixels: Pixels) -> tuple[Triple, Triple]:
    """Mean and deviation of each channel over the training images, in raw pixel units."""
    means, deviations = [], []
    for channel in range(3):
        # By counts of the 256 values: exact, and without a copy in floats.
        counts = np.bincount(pixels[:, channel].reshape(-1), minlength=256).astype(float)
        values, total = np.arange(256.0), counts.sum()
        mean = float((counts * values).sum() / total)
        spread = float(np.sqrt((counts * (values - mean) ** 2).sum() / total))
        means.append(round(mean, 3))
        deviations.append(round(spread, 3) or 1.0)  # a channel of one value
    return (means[0], means[1], means[2]), (deviations[0], deviations[1], deviations[2])


def _size(images: NDArray[Any]) -> str:
    return f"{images.shape[2]}x{images.shape[3]}"
