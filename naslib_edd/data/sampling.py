"""Batches that depend on nothing but the seed, the stream's name, the epoch and the step."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from naslib_edd.data.datasets import Triple
from naslib_edd.data.loading import ImageSet
from naslib_edd.data.transforms import augment as augmented
from naslib_edd.data.transforms import normalise
from naslib_edd.device import send
from naslib_edd.errors import UserError


def stable_seed(*parts: object) -> int:
    """A 63-bit seed from the printed parts, the same in every process and on every machine."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def generator(*parts: object, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator of its own, seeded by the parts; on the CPU by default."""
    return torch.Generator(device).manual_seed(stable_seed(*parts))


class Batches:
    """Shuffled, augmented, normalised batches of an image set, addressed by epoch and step.

    There is no state to save: a search resumed at (epoch, step) sees what it would have seen.
    Random numbers are drawn on the CPU, so the choice of device does not change the batches.

    Args:
        images: the images and labels, on the device where batches are wanted.
        batch_size: images a batch.
        seed: the run's seed.
        stream: a name; two streams of one seed (``"train"``, ``"val"``) are independent.
        augment: random crop and flip, or the images as they are.
        pad, flip: of the augmentation.
        drop_last: leave out an epoch's last batch where it is not full.
        mean, std: in raw pixel units (0..255).
        replace: draw every batch at random from all images, with replacement, as
            NAS-Bench-201's search does for its validation half.

    Raises:
        UserError: the image set is empty, or smaller than one batch with ``drop_last``.
    """

    def __init__(
        self,
        images: ImageSet,
        *,
        batch_size: int,
        seed: int,
        stream: str,
        augment: bool,
        pad: int = 4,
        flip: bool = True,
        drop_last: bool,
        mean: Triple,
        std: Triple,
        replace: bool = False,
    ) -> None:
        count = len(images)
        if batch_size < 1:
            raise UserError(f"the batch size is {batch_size}; it must be at least 1")
        if count == 0:
            raise UserError(f"there are no images for '{stream}'; check the split and the limits")
        if drop_last and count < batch_size:
            raise UserError(
                f"'{stream}' has {count} images, fewer than one batch of {batch_size}; lower the "
                "batch size, raise the limit, or keep the last, smaller batch"
            )
        self.images = images
        self.batch_size = batch_size
        self.seed = seed
        self.stream = stream
        self.augment = augment
        self.pad = pad
        self.flip = flip
        self.drop_last = drop_last
        self.mean = mean
        self.std = std
        self.replace = replace
        self._order_key: tuple[int, int] | None = None
        self._order: Tensor | None = None

    def __len__(self) -> int:
        """Steps an epoch."""
        count = len(self.images)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def indices(self, epoch: int, step: int) -> Tensor:
        """Which images the batch of this epoch and step holds: int64 ``[B]``, on their device.

        A step beyond the epoch's last begins another pass, in a fresh order.
        """
        if epoch < 0 or step < 0:
            raise ValueError(f"epoch {epoch}, step {step}: neither can be negative")
        round_, position = divmod(step, len(self))
        start = position * self.batch_size
        stop = min(start + self.batch_size, len(self.images))
        if self.replace:
            random = generator(self.seed, self.stream, "replace", epoch, step)
            drawn = torch.randint(len(self.images), (stop - start,), generator=random)
            return send(drawn, self.images.labels.device)
        if self._order is None or self._order_key != (epoch, round_):
            random = generator(self.seed, self.stream, "order", epoch, round_)
            order = torch.randperm(len(self.images), generator=random)
            self._order = send(order, self.images.labels.device)
            self._order_key = (epoch, round_)
        return self._order[start:stop]

    def batch(self, epoch: int, step: int) -> tuple[Tensor, Tensor]:
        """Normalised images, float32 ``[B, 3, H, W]``, and labels, int64 ``[B]``."""
        index = self.indices(epoch, step)
        raw = self.images.images[index]
        if self.augment:
            random = generator(self.seed, self.stream, "augment", epoch, step)
            raw = augmented(raw, pad=self.pad, flip=self.flip, generator=random)
        return normalise(raw, self.mean, self.std), self.images.labels[index]
