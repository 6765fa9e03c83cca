"""A folder of images with a folder for each class, read through Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError
from naslib_edd.storage.paths import is_folder

#: What counts as an image; other files of a class's folder are passed over.
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
#: Names of the two parts of a folder that has any.
_TRAIN, _TEST = ("train", "training"), ("test", "val", "valid", "validation")
#: Larger than any search takes: not decoded at all.
_MOST_PIXELS = 4096 * 4096

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


def read_folder(folder: Path) -> tuple[Part, Part | None, tuple[str, ...]]:
    """Training images, test images and the classes' names (in alphabetical order).

    Args:
        folder: ``CLASS/*.png`` …, or ``train/CLASS/…`` and ``test/CLASS/…`` (or ``val``).

    Returns:
        Pixels uint8 ``[N, H, W]`` (all grey) or ``[N, H, W, 3]`` and labels, of the two parts.

    Raises:
        UserError: no classes, no images, one that cannot be read, images of several sizes, or a
            missing Pillow.
    """
    inside = {path.name.lower(): path for path in _folders(folder)}
    train = next((inside[name] for name in _TRAIN if name in inside), None)
    if train is None:
        names = tuple(path.name for path in _folders(folder))
        return _read(folder, names), None, names
    test = next((inside[name] for name in _TEST if name in inside), None)
    names = tuple(path.name for path in _folders(train))
    if test is None:
        return _read(train, names), None, names
    unknown = [path.name for path in _folders(test) if path.name not in names]
    if unknown:
        raise UserError(f"{test} has a class '{unknown[0]}' that {train} has not")
    return _read(train, names), _read(test, names), names


def _folders(folder: Path) -> list[Path]:
    found = [path for path in _listed(folder) if is_folder(path)]
    return [path for path in found if not path.name.startswith((".", "__"))]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror or error}") from None


def _read(folder: Path, names: tuple[str, ...]) -> Part:
    if not names:
        raise UserError(
            f"{folder} has no folders inside; it needs one for each class, with its images"
        )
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    first: Path | None = None
    for label, name in enumerate(names):
        place = folder / name
        files = _listed(place) if is_folder(place) else []
        for file in files:
            if file.suffix.lower() not in SUFFIXES or file.name.startswith("."):
                continue
            image = _image(file)
            first = first or file
            if image.shape[:2] != (images[0] if images else image).shape[:2]:
                raise UserError(
                    f"{file} is {image.shape[0]}x{image.shape[1]} pixels and {first} is "
                    f"{images[0].shape[0]}x{images[0].shape[1]}; bring all images to one size"
                )
            images.append(image)
            labels.append(label)
    if not images:
        raise UserError(f"the folders in {folder} hold no images ({', '.join(SUFFIXES)})")
    if any(image.ndim == 3 for image in images):  # one in colour: all are
        images = [_coloured(image) for image in images]
    return np.stack(images), np.array(labels, dtype=np.int64)


def _coloured(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)


def _image(file: Path) -> NDArray[np.uint8]:
    """uint8 [H, W] of a grey image, [H, W, 3] of any other."""
    pillow = _pillow()
    try:
        with pillow.open(file) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ValueError(f"it has {image.width}x{image.height} pixels")
            if image.mode.startswith(("I", "F")):
                raise ValueError(f"it has more than 8 bits a pixel (mode {image.mode})")
            grey = image.mode in ("1", "L")
            return np.asarray(image.convert("L" if grey else "RGB"), dtype=np.uint8)
    except Exception as error:  # a damaged image can raise nearly anything
        detail = " ".join(str(error).split())
        raise UserError(f"cannot read the image {file}: {detail}") from None


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise UserError(
            "a folder of images needs Pillow, which is not installed: pip install pillow, or make "
            "an .npz of x_train, y_train, x_test and y_test"
        ) from None
    return Image
