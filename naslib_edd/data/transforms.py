"""Random crop and flip of raw images, and their normalisation, a batch at a time."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from naslib_edd.data.datasets import Triple
from naslib_edd.device import send


def draw(
    count: int, *, pad: int, flip: bool, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Each image's crop offsets and flip, drawn where the generator lives (the CPU).

    Returns:
        Rows and columns of the crop's corner in the padded image, int64 in ``0 .. 2 pad``, and
        flips, int64 in 0..1; each of shape ``[count]``. Without ``flip``, all flips are 0.
    """
    offsets = torch.randint(0, 2 * pad + 1, (2, count), generator=generator)
    # Drawn even where unused: offsets then do not depend on the flip setting.
    flips = torch.randint(0, 2, (count,), generator=generator)
    return offsets[0], offsets[1], flips if flip else torch.zeros_like(flips)


def augment(images: Tensor, *, pad: int, flip: bool, generator: torch.Generator) -> Tensor:
    """A random crop of each zero-padded image, mirrored left to right with probability 1/2.

    The padding is zero in raw pixels, so that after normalising it is ``-mean / std``, as where
    torchvision pads an image before ``Normalize``.

    Args:
        images: uint8 ``[B, 3, H, W]``, on any device.
        pad: zeros added on each side, in pixels; 0 leaves the images in place.
        flip: whether images are mirrored at all.
        generator: a CPU generator, so that every device sees the same images.

    Returns:
        uint8 ``[B, 3, H, W]``, on the images' device.
    """
    batch, channels, height, width = images.shape
    drawn = draw(batch, pad=pad, flip=flip, generator=generator)
    # One small transfer for all three.
    top, left, mirrored = send(torch.stack(drawn), images.device).unsqueeze(-1)
    across = torch.arange(width, device=images.device)
    rows = top + torch.arange(height, device=images.device)
    columns = left + across + mirrored * (width - 1 - 2 * across)
    padded = functional.pad(images, (pad, pad, pad, pad)) if pad else images
    # A crop and a flip are one gather of the flattened pixels, the same for all channels.
    index = (rows[:, :, None] * (width + 2 * pad) + columns[:, None, :]).view(batch, 1, -1)
    picked = padded.reshape(batch, channels, -1).gather(2, index.expand(-1, channels, -1))
    return picked.view(batch, channels, height, width)


@lru_cache(maxsize=32)
def _constants(
    mean: Triple, std: Triple, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    # Kept, since making them anew costs a transfer a batch on an accelerator.
    shift = torch.tensor(mean, dtype=dtype, device=device).view(3, 1, 1)
    scale = torch.tensor(std, dtype=dtype, device=device).view(3, 1, 1)
    return shift, scale


def normalise(
    images: Tensor, mean: Triple, std: Triple, dtype: torch.dtype = torch.float32
) -> Tensor:
    """``(pixel - mean) / std`` per channel.

    Args:
        images: uint8 ``[B, 3, H, W]``.
        mean, std: in raw pixel units (0..255).

    Returns:
        ``[B, 3, H, W]`` of the given type, on the images' device.
    """
    # Half precision would lose the mean's decimals: work in single, then round once.
    working = dtype if dtype == torch.float64 else torch.float32
    shift, scale = _constants(mean, std, working, images.device)
    return images.to(working).sub_(shift).div_(scale).to(dtype)
