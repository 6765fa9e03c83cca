"""The image set of a search, on its device: train half, validation half, test images."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from naslib_edd.data import locate
from naslib_edd.data.custom import Own, own_images
from naslib_edd.data.datasets import Info, Triple, resolve
from naslib_edd.data.names import CUSTOM
from naslib_edd.data.sources import Part, Raw, read, read_digits
from naslib_edd.data.splits import Indices, make_split
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.storage.paths import path_of


@dataclass(frozen=True)
class ImageSet:
    """Images, uint8 ``[N, 3, H, W]``, and their labels, int64 ``[N]``, on one device."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> ImageSet:
        """The first so many of them; None: all."""
        return ImageSet(images=self.images[:count], labels=self.labels[:count])


@dataclass(frozen=True, kw_only=True)
class SearchData:
    """What a search needs of an image set.

    Attributes:
        name: of the set, as the catalogue spells it.
        classes: how many there are.
        mean, std: per channel, in raw pixel units (0..255).
        train, val: the halves of the bilevel search.
        test: images neither half has, for testing; None where the data have none.
        split: the split's name.
        source: the path of the data, ``"scikit-learn"``, or ``"memory"``.
        flip, pad: of the usual augmentation, see :class:`~naslib_edd.data.datasets.Info`.
        class_names: in the order of the labels, where the data name them.
        checksum: ``"official"`` where the files are as they were published, ``"differs"`` where
            they are not; None for data without a published checksum.
        differing: names of the files that differ.
    """

    name: str
    classes: int
    mean: Triple
    std: Triple
    train: ImageSet
    val: ImageSet
    test: ImageSet | None
    split: str
    source: str
    flip: bool = True
    pad: int = 4
    class_names: tuple[str, ...] | None = None
    checksum: str | None = None
    differing: tuple[str, ...] = ()

    @property
    def custom(self) -> bool:
        """Whether these are images of one's own, to which no benchmark table belongs."""
        return self.name == CUSTOM


def load(
    name: str,
    *,
    path: str | None = None,
    split: str | None = None,
    split_file: str | None = None,
    limit_train: int | None = None,
    limit_val: int | None = None,
    seed: int,
    device: torch.device,
    download: bool = False,
    train_portion: float | None = None,
    train_images: Literal["half", "all"] = "half",
    given: Any = None,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
) -> SearchData:
    """Read an image set, split it and put it on the device.

    Args:
        name: of the set, in any case.
        path: where it is; without it the environment is asked (see
            :mod:`naslib_edd.data.locate`). Digits have none.
        split: a name of :data:`naslib_edd.data.splits.SPLITS`, or None for the set's usual one.
        split_file: for the splits ``nb201`` and ``file``; the others do not look at it.
        limit_train, limit_val: take no more than the first so many images of each half.
        seed: the run's seed, which only ``shuffled-halves`` uses.
        device: where the tensors go.
        download: if the set is not found, get it through torchvision into ``path``, or into the
            folder that ``NASLIB_EDD_DATA`` names.
        train_portion: for the split ``fraction``.
        train_images: ``all`` puts the validation half's images into the train half, too (but no
            test images, which some splits validate on).
        given: the images of the set ``custom``, in a form that
            :func:`~naslib_edd.data.custom.own_images` takes; without it they are at ``path``.
        mean, std: of one channel or of three, in raw pixel units (0..255); None: the set's own,
            which for ``custom`` are those of its training images.

    Raises:
        DataMissing: the data are not there.
        UserError: an unknown name or split, no split file, or files that are not what they
            should be.
    """
    own = None
    if name.strip().lower() == CUSTOM:
        own = _own(path if given is None else given)
    info = resolve(name) if own is None else own.info
    split = info.split if split is None else split
    for label, limit in (("limit_train", limit_train), ("limit_val", limit_val)):
        if limit is not None and limit < 1:
            raise UserError(f"{label} is {limit}; it must be at least 1, or left out for all")
    raw, source = _read(info, path, download) if own is None else (own.raw, own.source)
    halves = make_split(
        info,
        split,
        count=len(raw.train[1]),
        test_count=0 if raw.test is None else len(raw.test[1]),
        source=source,
        split_file=split_file,
        train_portion=train_portion,
        seed=seed,
        labels=raw.train[1],
    )
    chosen = halves.train[:limit_train]
    if train_images == "all" and not halves.val_of_test:
        chosen = np.union1d(chosen, halves.val[:limit_val])
    train = _take(raw.train, chosen, device)
    if split == "all" and limit_train == limit_val:
        val = train  # the same images: no need for them twice on the device
    else:
        val_part = raw.test if halves.val_of_test else raw.train
        assert val_part is not None  # make_split refuses to take it from nothing
        val = _take(val_part, halves.val[:limit_val], device)
    test = None if raw.test is None else _take(raw.test, halves.test, device)
    if own is not None:
        _check_halves(split, train=train, val=val, classes=info.classes)
    return SearchData(
        name=info.name,
        classes=info.classes,
        mean=_three(info.mean if mean is None else mean, "mean"),
        std=_three(info.std if std is None else std, "std"),
        train=train,
        val=val,
        test=test,
        split=split,
        source=source,
        flip=info.flip,
        pad=info.pad,
        class_names=None if own is None else own.classes,
        checksum=None if raw.differing is None else "differs" if raw.differing else "official",
        differing=raw.differing or (),
    )


def _own(given: Any) -> Own:
    if given is None:
        raise UserError(
            "dataset: custom needs its images: data: FILE.npz or a folder with a folder for each "
            "class (from Python also naslib_edd.search(…, data=arrays or datasets))"
        )
    return own_images(given)


def _three(values: tuple[float, ...], name: str) -> Triple:
    if len(values) not in (1, 3):
        raise UserError(
            f"search.pixel_{name} has {len(values)} values; give one, or one for each of 3 channels"
        )
    if name == "std" and min(values) < 1:
        raise UserError(
            f"search.pixel_std has {min(values):g}; it is in raw pixel units (0 to 255), so at "
            "least 1: multiply fractions by 255"
        )
    first, *others = values
    second, third = others or (first, first)
    return (first, second, third)


def _check_halves(split: str, *, train: ImageSet, val: ImageSet, classes: int) -> None:
    """Images in the order of their classes, halved as they lie, would be two different tasks."""
    for half, images in (("train", train), ("validation", val)):
        missing = classes - len(images.labels.unique())
        if missing:
            raise UserError(
                f"the {half} half has no image of {missing} of the {classes} classes (split: "
                f"{split}); use search.split=stratified, or raise search.limit_train and limit_val"
            )


def _take(part: Part, indices: Indices | None, device: torch.device) -> ImageSet:
    pixels, labels = part
    if indices is not None:
        pixels, labels = pixels[indices], labels[indices]
    return ImageSet(
        torch.from_numpy(np.ascontiguousarray(pixels)).to(device),
        torch.from_numpy(np.ascontiguousarray(labels)).to(device),
    )


def _read(info: Info, path: str | None, download: bool) -> tuple[Raw, str]:
    if info.variable is None:
        if path is not None:
            raise UserError(f"{info.name} come with scikit-learn: leave out the data path {path}")
        return read_digits(), locate.BUILT_IN
    try:
        found = locate.find(info, path)
    except DataMissing:
        if not download:
            raise
        found = _download(info, path)
    return read(info, found), str(found)


def _download(info: Info, path: str | None) -> Path:
    """Get the set through torchvision; returns its place as :func:`locate.find` would."""
    if info.name == "ImageNet16-120":
        raise UserError(
            f"ImageNet16-120 cannot be downloaded through torchvision; {locate.advice(info)}"
        )
    root = path or os.environ.get(locate.DATA_VARIABLE)
    if not root or path_of(root, "the data path").suffix.lower() == ".npz":
        raise UserError(
            f"there is no folder to download {info.name} into; give one as the data path or in "
            f"{locate.DATA_VARIABLE}"
        )
    try:
        from torchvision import datasets
    except ImportError:
        raise UserError(
            f"downloading {info.name} needs torchvision, which is not installed; install it, or "
            f"{locate.advice(info)}"
        ) from None
    folder = path_of(root, "the data path")
    try:
        if info.name == "svhn":
            for part in ("train", "test"):
                datasets.SVHN(str(folder), split=part, download=True)
        else:
            kind = datasets.CIFAR10 if info.name == "cifar10" else datasets.CIFAR100
            kind(str(folder), download=True)
    except (OSError, RuntimeError) as error:  # no network, no room, or a wrong checksum
        raise UserError(
            f"torchvision could not download {info.name} into {folder} ({error}); "
            f"{locate.advice(info)}"
        ) from error
    return locate.find(info, str(folder))
