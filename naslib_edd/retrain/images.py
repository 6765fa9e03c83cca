"""The images of a retraining run, in batches that depend on seed, epoch and step alone.

A step's batch is cut into parts: one for each process and turn of accumulation. Part k of a batch
is the same images, augmented alike, however many processes there are.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from naslib_edd.data import SearchData
from naslib_edd.errors import UserError
from naslib_edd.retrain.processes import Processes
from naslib_edd.retrain.settings import Settings

Pair = tuple[Tensor, Tensor]
#: Images of a part at least: batch norm of one value a channel is none.
LEAST = 2


@dataclass(frozen=True, kw_only=True)
class Step:
    """This process's share of a batch.

    Attributes:
        parts: (images [B, 3, H, W], labels [B]) of each turn of accumulation.
        numbers: which part of the batch each is.
        total: images of the whole batch.
    """

    parts: list[Pair]
    numbers: list[int]
    total: int


class Images(abc.ABC):
    """Images to train on and to test on.

    Attributes:
        name: of the set.
        classes: how many there are.
        size: height and width of an image.
        source: where they are.
        counts: how many there are of ``train``, ``val`` (where there are some) and ``test``.
        digest: of the images, where they are in memory.
        steps: batches an epoch.
    """

    name: str
    classes: int
    size: int
    source: str
    counts: dict[str, int]
    digest: SearchData | None = None
    steps: int

    @abc.abstractmethod
    def train(self, epoch: int, first: int) -> Iterator[Step]:
        """The steps of an epoch from the given one on, each from 0."""

    @abc.abstractmethod
    def held_out(self, which: str) -> Iterator[Pair]:
        """This process's share of ``val`` or ``test``, as they are."""


def steps_of(images: int, batch_size: int, parts: int) -> int:
    """Steps an epoch; the last batch counts if it has enough images for every part.

    Raises:
        UserError: there is no step.
    """
    full, rest = divmod(images, batch_size)
    steps = full + (rest >= LEAST * parts)
    if steps == 0:
        raise UserError(
            f"{images} training images are too few for {parts} part(s) of a batch; it takes "
            f"{LEAST * parts}"
        )
    return steps


def mine(processes: Processes, accumulate: int) -> list[int]:
    """The parts of a batch that are this process's."""
    return [turn * processes.count + processes.rank for turn in range(accumulate)]


def bounds(count: int, parts: int, number: int) -> slice:
    """Where a part of a batch of so many images lies."""
    return slice(count * number // parts, count * (number + 1) // parts)


def fitting(settings: Settings, classes: int, source: str) -> int:
    """The number of classes.

    Raises:
        UserError: the settings say another than the data have.
    """
    if settings.classes is not None and settings.classes != classes:
        raise UserError(
            f"classes = {settings.classes}, but {source} has {classes} classes; leave it out, or "
            "give other images"
        )
    return classes


def number_type(settings: Settings) -> torch.dtype:
    """The type of images and weights."""
    return torch.float64 if settings.precision == "fp64" else torch.float32


def on_device(loader: Iterable[Pair], device: torch.device) -> Iterator[Pair]:
    """The batches of a loader, on the device; a worker's error for people is one here."""
    try:
        for x, labels in loader:
            yield x.to(device, non_blocking=True), labels.to(device, non_blocking=True)
    except UserError as error:  # with a worker's traceback before it
        raise UserError(
            str(error).rpartition("UserError: ")[2].removesuffix("\\n").strip()
        ) from None
