"""A folder of class folders, ``train/`` and ``val/``, read by worker processes.

An image's augmentation depends on the seed, the epoch and the image: not on the workers, nor on
how many processes train.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from naslib_edd.data.sampling import generator, stable_seed
from naslib_edd.errors import UserError
from naslib_edd.retrain.images import Images, Pair, Step, bounds, fitting, mine, on_device, steps_of
from naslib_edd.retrain.policies import vision
from naslib_edd.retrain.processes import Processes
from naslib_edd.retrain.settings import Settings
from naslib_edd.retrain.transforms import Prepared, decoded

#: An image's place in the set, and the seed of its augmentation.
Key = tuple[int, int]


class _Pictures(Dataset[tuple[Tensor, int]]):
    def __init__(self, folder: Any, prepared: Prepared) -> None:
        self.folder, self.prepared = folder, prepared

    def __len__(self) -> int:
        return len(self.folder.samples)

    def __getitem__(self, key: Key) -> tuple[Tensor, int]:
        place, seed = key
        path, label = self.folder.samples[place]
        return self.prepared(decoded(Path(path), path), seed), label


class Folders(Images):
    """Images of a folder; see :func:`naslib_edd.retrain.opening.open_large`."""

    def __init__(
        self, settings: Settings, folder: Path, device: torch.device, processes: Processes
    ) -> None:
        datasets = vision("dataset=imagenet").datasets
        self.settings, self.device, self.processes = settings, device, processes
        self.name, self.source, self.size = settings.dataset, str(folder), settings.image_size
        self._sets: dict[str, _Pictures] = {}
        for which, name in (("train", "train"), ("test", "val")):
            try:
                found = datasets.ImageFolder(str(folder / name))
            except (FileNotFoundError, OSError) as error:
                raise UserError(f"{folder / name}: {str(error).splitlines()[0][:200]}") from None
            self._sets[which] = _Pictures(found, Prepared(settings, train=which == "train"))
        train, test = (self._sets[which].folder.classes for which in ("train", "test"))
        if train != test:
            raise UserError(
                f"{folder / 'val'} has other classes than {folder / 'train'}: {len(test)} and "
                f"{len(train)}; each needs the same folders"
            )
        self.classes = fitting(settings, len(train), str(folder))
        self.counts = {
            "train": min(len(self._sets["train"]), settings.limit_train or 10**12),
            "test": min(len(self._sets["test"]), settings.limit_test or 10**12),
        }
        self._parts = processes.count * settings.accumulate
        self.steps = steps_of(self.counts["train"], settings.batch_size, self._parts)

    def train(self, epoch: int, first: int) -> Iterator[Step]:
        """See :class:`Images`."""
        settings = self.settings
        random = generator(settings.seed, "retrain", "order", epoch)
        order = torch.randperm(self.counts["train"], generator=random).tolist()
        numbers = mine(self.processes, settings.accumulate)
        batches: list[list[Key]] = []
        shapes: list[tuple[list[int], int]] = []
        for step in range(first, self.steps):
            batch = order[step * settings.batch_size : (step + 1) * settings.batch_size]
            parts = [batch[bounds(len(batch), self._parts, number)] for number in numbers]
            shapes.append(([len(part) for part in parts], len(batch)))
            batches.append(
                [
                    (place, stable_seed(settings.seed, "retrain", "augment", epoch, place))
                    for part in parts
                    for place in part
                ]
            )
        for (x, labels), (sizes, total) in zip(self._read("train", batches), shapes, strict=True):
            split = zip(x.split(sizes), labels.split(sizes), strict=True)
            yield Step(parts=list(split), numbers=numbers, total=total)

    def held_out(self, which: str) -> Iterator[Pair]:
        """See :class:`Images`."""
        size, count = self.settings.eval_batch_size, self.counts[which]
        firsts = range(self.processes.rank * size, count, self.processes.count * size)
        batches = [[(place, 0) for place in range(f, min(f + size, count))] for f in firsts]
        yield from self._read(which, batches)

    def _read(self, which: str, batches: list[list[Key]]) -> Iterator[Pair]:
        loader = DataLoader(
            self._sets[which],
            batch_sampler=batches,
            num_workers=self.settings.workers,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator().manual_seed(0),  # the global one stays as it is
        )
        yield from on_device(loader, self.device)
