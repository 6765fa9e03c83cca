"""Our images in the places of NASLib's data loaders: the batches of the built-in engine.

NASLib's Trainer walks over the train loader once an epoch, and for each step asks the validation
loader for the first batch of a new walk.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from naslib_edd.config.settings import SearchSettings
from naslib_edd.data import Batches, ImageSet, SearchData, normalise
from naslib_edd.engine.build import make_batches

Batch = tuple[Tensor, Tensor]


class Queues:
    """Train and validation loader of a search, which share the epoch and the step.

    Args:
        data: the images.
        search: batch size, augmentation and the way to draw the validation batches.
        seed: of the batches.
    """

    def __init__(self, *, data: SearchData, search: SearchSettings, seed: int) -> None:
        self.data, self.search, self.seed = data, search, seed
        self.epoch, self.step = 0, 0
        self.train = Train(self, make_batches(search, data=data, seed=seed, half="train"))
        self.val = Val(self, make_batches(search, data=data, seed=seed, half="val"))

    def whole(self, images: ImageSet) -> Iterator[Batch]:
        """All images of a half in order, normalised, not augmented."""
        size = self.search.eval_batch_size
        for start in range(0, len(images), size):
            part = slice(start, start + size)
            yield (
                normalise(images.images[part], self.data.mean, self.data.std),
                images.labels[part],
            )


class Train:
    """A walk is an epoch."""

    def __init__(self, queues: Queues, batches: Batches) -> None:
        self.queues, self.batches = queues, batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        for step in range(len(self)):
            self.queues.step = step
            yield self.batches.batch(self.queues.epoch, step)
        self.queues.epoch, self.queues.step = self.queues.epoch + 1, 0


class Val:
    """A walk begins at the train loader's step."""

    def __init__(self, queues: Queues, batches: Batches) -> None:
        self.queues, self.batches = queues, batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        epoch, first = self.queues.epoch, self.queues.step
        for step in range(first, first + len(self)):
            yield self.batches.batch(epoch, step)


def pick_device() -> torch.device:
    """The device that NASLib's Trainer takes."""
    return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
