"""A known image set, or one's own small images, in the device's memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from naslib_edd.data import SearchData, augment, normalise
from naslib_edd.data.sampling import Batches, generator, stable_seed
from naslib_edd.device import send
from naslib_edd.errors import UserError
from naslib_edd.retrain.images import (
    Images,
    Pair,
    Step,
    bounds,
    fitting,
    mine,
    number_type,
    steps_of,
)
from naslib_edd.retrain.policies import policy_of
from naslib_edd.retrain.processes import Processes
from naslib_edd.retrain.settings import Settings


class Memory(Images):
    """A set that fits into the device's memory, as a search has it.

    Args:
        settings: the run's.
        data: the images.
        processes: that share a batch.
    """

    def __init__(self, settings: Settings, data: SearchData, processes: Processes) -> None:
        self.settings, self.data, self.processes = settings, data, processes
        self.digest = data
        self.name, self.source = data.name, data.source
        self.classes = fitting(settings, data.classes, data.source)
        self.size = int(data.train.images.shape[-1])
        if data.test is None:
            raise UserError(f"{data.source} has no test images; retraining needs some")
        self._sets = {"test": data.test.first(settings.limit_test)}
        if settings.split != "all":
            self._sets["val"] = data.val
        self.counts = {"train": len(data.train)}
        self.counts |= {name: len(images) for name, images in self._sets.items()}
        self._parts = processes.count * settings.accumulate
        self._batches = Batches(
            data.train,
            batch_size=settings.batch_size,
            seed=settings.seed,
            stream="retrain",
            augment=settings.augment,
            pad=data.pad,
            flip=data.flip,
            drop_last=False,
            mean=data.mean,
            std=data.std,
        )
        self.steps = steps_of(len(data.train), settings.batch_size, self._parts)
        self._policy = policy_of(settings.policy)

    def train(self, epoch: int, first: int) -> Iterator[Step]:
        """See :class:`Images`."""
        for number in range(first, self.steps):
            yield self._step(epoch, number)

    def _step(self, epoch: int, number: int) -> Step:
        settings, data = self.settings, self.data
        index = self._batches.indices(epoch, number)
        raw, labels = data.train.images[index], data.train.labels[index]
        key = (settings.seed, "retrain")
        if settings.augment:
            random = generator(*key, "augment", epoch, number)
            raw = augment(raw, pad=data.pad, flip=data.flip, generator=random)
        holes = self._holes(len(index), generator(*key, "cutout", epoch, number))
        parts, numbers = [], mine(self.processes, settings.accumulate)
        for part in numbers:
            here = bounds(len(index), self._parts, part)
            x = raw[here]
            if self._policy is not None:
                seeds = [
                    stable_seed(*key, "policy", epoch, number, place)
                    for place in range(here.start, here.stop)
                ]
                x = each(self._policy, x, seeds)
            x = normalise(x, data.mean, data.std, number_type(settings))
            if holes is not None:
                x = x.masked_fill(send(holes[here], x.device)[:, None], 0.0)
            parts.append((x, labels[here]))
        return Step(parts=parts, numbers=numbers, total=len(index))

    def _holes(self, count: int, random: torch.Generator) -> Tensor | None:
        """Where cutout puts zeros, bool [B, H, W]; in normalised images, as in quark0/darts."""
        side = self.settings.cutout
        if not side:
            return None
        centres = torch.randint(self.size, (2, count, 1), generator=random)
        places = torch.arange(self.size)
        low = centres - side // 2
        rows, columns = (places >= low) & (places < low + 2 * (side // 2))
        return rows[:, :, None] & columns[:, None, :]

    def held_out(self, which: str) -> Iterator[Pair]:
        """See :class:`Images`."""
        images, data = self._sets[which], self.data
        size = self.settings.eval_batch_size
        for number in range(self.processes.rank, -(-len(images) // size), self.processes.count):
            part = slice(number * size, (number + 1) * size)
            raw = images.images[part]
            x = normalise(raw, data.mean, data.std, number_type(self.settings))
            yield x, images.labels[part]


def each(transform: Any, images: Tensor, seeds: list[int]) -> Tensor:
    """A random transform of each image, each with a seed of its own; the generator stays as is."""
    with torch.random.fork_rng(devices=[]):
        changed = []
        for image, seed in zip(images, seeds, strict=True):
            torch.manual_seed(seed)
            changed.append(transform(image))
    return torch.stack(changed)
