"""The image sets that a search can use: their sizes, constants and default augmentation."""

from __future__ import annotations

from dataclasses import dataclass

from naslib_edd.data.names import CUSTOM, same
from naslib_edd.errors import UserError, nearest

Triple = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Info:
    """What is fixed about one image set.

    Attributes:
        name: as the user writes it (in any case).
        classes: the number of classes; labels are ``0 .. classes - 1``.
        size: height and width of an image, in pixels.
        mean, std: per channel, in raw pixel units (0..255).
        flip: whether a horizontal flip is part of the usual augmentation.
        pad: the zero padding of the usual random crop, in pixels.
        split: the usual split of the training images (see :mod:`naslib_edd.data.splits`).
        variable: the environment variable that names this set alone, if it is kept in files.
        split_file: the file name under which NAS-Bench-201 publishes its split, if it has one.
    """

    name: str
    classes: int
    size: int
    mean: Triple
    std: Triple
    flip: bool
    pad: int
    split: str
    variable: str | None = None
    split_file: str | None = None


# Constants of the CIFAR sets and ImageNet16, and the padding of 2 for its crop: NAS-Bench-201.
# SVHN: the fractions 0.4377, 0.4438, 0.4728 / 0.1980, 0.2010, 0.1970 of RobustDARTS, times 255.
# Digits: mean and deviation of our 1,200 training images, the same for each (grey) channel.
DATASETS: dict[str, Info] = {
    info.name: info
    for info in (
        Info(
            name="digits",
            classes=10,
            size=8,
            mean=(77.898, 77.898, 77.898),
            std=(95.777, 95.777, 95.777),
            flip=False,  # a mirrored digit is another sign
            pad=1,
            split="halves",
        ),
        Info(
            name="cifar10",
            classes=10,
            size=32,
            mean=(125.3, 123.0, 113.9),
            std=(63.0, 62.1, 66.7),
            flip=True,
            pad=4,
            split="nb201",
            variable="NASLIB_EDD_CIFAR10",
            split_file="cifar-split.txt",
        ),
        Info(
            name="cifar100",
            classes=100,
            size=32,
            mean=(129.3, 124.1, 112.4),
            std=(68.2, 65.4, 70.4),
            flip=True,
            pad=4,
            split="nb201",
            variable="NASLIB_EDD_CIFAR100",
            split_file="cifar100-test-split.txt",
        ),
        Info(
            name="svhn",
            classes=10,
            size=32,
            mean=(111.6135, 113.169, 120.564),
            std=(50.49, 51.255, 50.235),
            flip=False,
            pad=4,
            split="halves",
            variable="NASLIB_EDD_SVHN",
        ),
        Info(
            name="ImageNet16-120",
            classes=120,
            size=16,
            mean=(122.68, 116.66, 104.01),
            std=(63.22, 61.26, 65.09),
            flip=True,
            pad=2,
            split="nb201",
            variable="NASLIB_EDD_IMAGENET16",
            split_file="imagenet-16-120-test-split.txt",
        ),
    )
}


def resolve(name: str) -> Info:
    """The image set of that name, in any of its usual spellings.

    Raises:
        UserError: there is none; the message names the nearest.
    """
    found = same(name, (*DATASETS, CUSTOM))
    if found == CUSTOM:
        raise UserError(
            f"dataset '{CUSTOM}' is images of one's own, for a search on the built-in engine; here "
            f"choose one of {', '.join(DATASETS)}"
        )
    if found is not None:
        return DATASETS[found]
    raise UserError(f"unknown data set '{name}'{nearest(name, [*DATASETS, CUSTOM])}")
