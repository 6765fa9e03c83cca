"""The protocol of NB201-Digits: scikit-learn's digits under heavy noise, a small NB201 network.

On clean digits nearly every cell is right 19 times in 20, and seeds decide who is best. Noise as
strong as the ink, other on each pass, makes the task hard enough to tell cells apart. What is
measured: accuracy and cross-entropy on noisy copies of the images that a search validates on and
tests on, which are the same for every training.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from digits_table.network import StackedNetwork
from naslib_edd.data.sources import DIGITS_TRAIN, read_digits
from naslib_edd.spaces.nb201.encoding import index_to_ops


@dataclass(frozen=True)
class Protocol:
    """What every training has in common; the defaults are the table's.

    Attributes:
        channels: C of the first stage; the stages have one cell each.
        epochs, batch_size: of the 600 training images, each epoch in a new order, the last
            incomplete batch left out.
        learning_rate: at the first step; it falls along half a cosine to 0, a step at a time.
        momentum, weight_decay: of SGD with Nesterov's momentum; the decay is of every parameter.
        noise: standard deviation of the Gaussian noise on each pixel, whose ink is 0 to 1. New
            in each training batch.
        copies: how many noisy copies of each validation and test image are evaluated.
        mean, std: what pixels are normalised by, before the noise's own variance.
    """

    channels: int = 4
    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 0.4
    momentum: float = 0.9
    weight_decay: float = 5e-4
    noise: float = 0.5
    copies: int = 3
    mean: float = 0.3055
    std: float = 0.3756

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, for a record."""
        return asdict(self)


PROTOCOL = Protocol()
_EVAL_BATCH = 64
#: Seeds of the noise on the validation and test copies, the same for every training.
_EVAL_NOISE = {"val": 201, "test": 202}


@dataclass(frozen=True, kw_only=True)
class Training:
    """How one training ended.

    Attributes:
        index: the architecture's, 0 … 15,624.
        seed: of its weights (with the index), its batches and its noise.
        val, test: accuracy, %.
        val_loss, test_loss: cross-entropy, nats.
        train_loss, train_acc: of each epoch, over its batches while it was learning.
    """

    index: int
    seed: int
    val: float
    test: float
    val_loss: float
    test_loss: float
    train_loss: list[float]
    train_acc: list[float]


class Images(NamedTuple):
    """Images [N, 8, 8], ink 0 to 1, and labels [N]."""

    pixels: Tensor
    labels: Tensor


@cache
def images() -> dict[str, Images]:
    """``train``, ``val`` (600 each, as a search on digits splits them) and ``test`` (597)."""
    train, test, _ = read_digits()
    assert test is not None
    half = DIGITS_TRAIN // 2
    parts = {
        "train": (train[0][:half], train[1][:half]),
        "val": (train[0][half:], train[1][half:]),
        "test": test,
    }
    return {
        name: Images(
            torch.from_numpy(pixels[:, 0].astype(np.float32) / 255), torch.from_numpy(labels)
        )
        for name, (pixels, labels) in parts.items()
    }


def train(
    indices: Sequence[int],
    *,
    seed: int,
    protocol: Protocol = PROTOCOL,
    device: torch.device | str = "cpu",
) -> list[Training]:
    """Train architectures side by side, each as if it were alone.

    An architecture's result depends on its index and the seed. Which others are trained with it
    changes nothing but, possibly, the rounding.

    Args:
        indices: the architectures, 0 … 15,624.
        seed: 0 or more.
        protocol: the recipe.
        device: where to compute. Random numbers are drawn on the CPU in any case.
    """
    network = StackedNetwork(
        [index_to_ops(index) for index in indices],
        [_generator(seed, index) for index in indices],
        channels=protocol.channels,
        device=device,
    )
    batches = _Batches(seed, protocol, device)
    momentum = torch.zeros_like(network.parameters.flat)
    losses, hits = [], []
    for epoch in range(protocol.epochs):
        of_epoch = [
            _step(network, momentum, *batch, batches.learning_rate(epoch, number), protocol)
            for number, batch in enumerate(batches.epoch())
        ]
        losses.append(torch.stack([loss for loss, _ in of_epoch]).mean(0))
        hits.append(torch.stack([hit for _, hit in of_epoch]).mean(0))
    val, test = (_evaluate(network, part, protocol, device) for part in ("val", "test"))
    curves = torch.stack(losses, 1).tolist(), (100 * torch.stack(hits, 1)).tolist()
    return [
        Training(
            index=int(index),
            seed=seed,
            val=val[0][row],
            test=test[0][row],
            val_loss=val[1][row],
            test_loss=test[1][row],
            train_loss=[round(value, 4) for value in curves[0][row]],
            train_acc=[round(value, 2) for value in curves[1][row]],
        )
        for row, index in enumerate(indices)
    ]


def _step(
    network: StackedNetwork,
    momentum: Tensor,
    pixels: Tensor,
    labels: Tensor,
    learning_rate: float,
    protocol: Protocol,
) -> tuple[Tensor, Tensor]:
    """One step of SGD with Nesterov's momentum; loss and part of hits, each [M]."""
    losses, hits = network.losses(pixels, labels)
    leaves = list(network.parameters.views.values())
    grads = torch.autograd.grad(losses.mean(1).sum(), leaves)
    flat = network.parameters.flat
    with torch.no_grad():
        grad = torch.cat([each.reshape(-1) for each in grads])
        grad.add_(flat, alpha=protocol.weight_decay)
        momentum.mul_(protocol.momentum).add_(grad)
        flat.add_(grad.add_(momentum, alpha=protocol.momentum), alpha=-learning_rate)
    return losses.detach().mean(1), hits.float().mean(1)


@torch.no_grad()
def _evaluate(
    network: StackedNetwork, part: str, protocol: Protocol, device: torch.device | str
) -> tuple[list[float], list[float]]:
    """Accuracy in % and cross-entropy of each architecture, with the running statistics."""
    generator = torch.Generator().manual_seed(_EVAL_NOISE[part])
    clean, labels = images()[part]
    pixels = torch.cat([_corrupt(clean, protocol, generator) for _ in range(protocol.copies)])
    labels = labels.repeat(protocol.copies)
    network.training = False
    hits = torch.zeros(network.models, dtype=torch.int64, device=device)
    total = torch.zeros(network.models, dtype=torch.float64, device=device)
    for start in range(0, len(labels), _EVAL_BATCH):
        stop = start + _EVAL_BATCH
        losses, right = network.losses(
            _innermost(pixels[start:stop]).to(device), labels[start:stop].to(device)
        )
        hits += right.sum(1)
        total += losses.double().sum(1)
    network.training = True
    accuracy = 100 * hits.double() / len(labels)
    return accuracy.tolist(), (total / len(labels)).tolist()


class _Batches:
    """The training batches of a seed, the same for every architecture."""

    def __init__(self, seed: int, protocol: Protocol, device: torch.device | str) -> None:
        self._protocol, self._device = protocol, device
        self._generator = torch.Generator().manual_seed(seed)
        self._images = images()["train"]
        self._number = len(self._images.labels) // protocol.batch_size

    def learning_rate(self, epoch: int, number: int) -> float:
        """Of this batch of this epoch, both counted from 0."""
        done = (epoch * self._number + number) / (self._protocol.epochs * self._number)
        return self._protocol.learning_rate * 0.5 * (1 + math.cos(math.pi * done))

    def epoch(self) -> list[tuple[Tensor, Tensor]]:
        """Images [1, 8, 8, B] and labels [B] of the next epoch's batches."""
        order = torch.randperm(len(self._images.labels), generator=self._generator)
        size = self._protocol.batch_size
        found = []
        for chosen in order[: self._number * size].split(size):
            noisy = _corrupt(self._images.pixels[chosen], self._protocol, self._generator)
            labels = self._images.labels[chosen]
            found.append((_innermost(noisy).to(self._device), labels.to(self._device)))
        return found


def _generator(seed: int, index: int) -> torch.Generator:
    return torch.Generator().manual_seed(1_000_003 * (seed + 1) + int(index))


def _corrupt(pixels: Tensor, protocol: Protocol, generator: torch.Generator) -> Tensor:
    """Normalised noisy copies of images [N, 8, 8]."""
    noise = torch.randn(pixels.shape, generator=generator)
    return (pixels + protocol.noise * noise - protocol.mean) / protocol.std


def _innermost(pixels: Tensor) -> Tensor:
    """[N, 8, 8] to [1, 8, 8, N]."""
    return pixels.permute(1, 2, 0).contiguous().unsqueeze(0)
