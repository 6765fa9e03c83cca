"""The images of a run: found, checked, and ready to train on.

ImageNet comes from a folder of class folders or from WebDataset shards. Both need torchvision (the
extra ``vision``), shards the extra ``webdataset``, too.
"""

from __future__ import annotations

from pathlib import Path

import torch

from naslib_edd.data import load
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.retrain.folders import Folders
from naslib_edd.retrain.images import LEAST, Images
from naslib_edd.retrain.memory import Memory
from naslib_edd.retrain.policies import vision
from naslib_edd.retrain.processes import Processes
from naslib_edd.retrain.settings import IMAGENET, Settings
from naslib_edd.retrain.shards import Shards
from naslib_edd.storage.paths import is_folder, path_of


def open_images(
    settings: Settings, path: str | None, device: torch.device, processes: Processes
) -> Images:
    """The images of a run.

    Raises:
        UserError: they are not there, damaged, or have other classes than the settings say; a
            batch cannot be shared among the processes.
    """
    least = LEAST * processes.count * settings.accumulate
    if settings.batch_size < least:
        raise UserError(
            f"batch_size = {settings.batch_size} must be at least {least}: {processes.count} "
            f"process(es) × {settings.accumulate} part(s) of at least {LEAST} images"
        )
    if settings.dataset == IMAGENET:
        return open_large(settings, path, device, processes)
    data = load(
        settings.dataset,
        path=path,
        split=settings.split,
        split_file=settings.split_file,
        limit_train=settings.limit_train,
        limit_val=settings.limit_train if settings.split == "all" else None,
        seed=settings.seed,
        device=device,
        download=settings.download,
    )
    return Memory(settings, data, processes)


def open_large(
    settings: Settings, path: str | None, device: torch.device, processes: Processes
) -> Images:
    """The images at a path.

    Args:
        settings: the run's.
        path: a folder with ``train`` and ``val`` in it, a folder a class in each; or a folder of
            shards, ``*train*.tar`` and ``*val*.tar``.
        device: where they go.
        processes: that share a batch.

    Raises:
        UserError: a package is missing; there are no such images, or they do not fit.
    """
    if path is None:
        raise UserError(
            "dataset=imagenet needs its images: --data FOLDER, with train/ and val/ in it (a "
            "folder a class), or with shards *train*.tar and *val*.tar"
        )
    folder = path_of(path, "the data")
    if not is_folder(folder, "the data"):
        raise DataMissing(f"there is no folder {folder} of ImageNet's images; give --data FOLDER")
    vision("dataset=imagenet")
    shards = sorted(folder.glob("*.tar"))
    if shards:
        parts = {name: _shards(folder, shards, name) for name in ("train", "val")}
        return Shards(settings, folder, parts, device, processes)
    for name in ("train", "val"):
        if not is_folder(folder / name, "the data"):
            raise DataMissing(f"{folder} has no {name}/ in it, with a folder for each class")
    return Folders(settings, folder, device, processes)


def _shards(folder: Path, shards: list[Path], name: str) -> list[Path]:
    found = [path for path in shards if name in path.name]
    if not found:
        raise DataMissing(f"{folder} has shards, but no *{name}*.tar; it needs train and val")
    return found
