"""Partial channels in a fast cell: the channels of a node that pass by the operations.

A shuffle of a sum is the sum of the shuffles, so a node is put together once, not edge by edge:
node = shuffle([Σ_e w_e·mix_e, Σ_e w_e·rest_e]), sums over the edges that enter it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.supernet.moments import rows_of


def parted(h: Tensor, width: int) -> Tensor:
    """The first channels of a node, which operations see."""
    if width == h.shape[1]:
        return h
    return h[:, :width].contiguous(memory_format=torch.channels_last)


def rest_of(h: Tensor, width: int, stride: int) -> Tensor:
    """The other channels; where the edges halve the image, their 2×2 max pool."""
    rest = h[:, width:].contiguous(memory_format=torch.channels_last)
    return rest if stride == 1 else F.max_pool2d(rest, 2, ceil_mode=True)


def rest_backward(grad: Tensor, h: Tensor, width: int, stride: int) -> Tensor:
    """The gradient of the other channels of h."""
    if stride == 1:
        return grad
    rest = h[:, width:].contiguous(memory_format=torch.channels_last)
    _, places = F.max_pool2d(rest, 2, ceil_mode=True, return_indices=True)
    return torch.ops.aten.max_pool2d_with_indices_backward(
        grad, rest, [2, 2], [2, 2], [0, 0], [1, 1], True, places
    )


def joined(mixed: Tensor, rest: Tensor) -> Tensor:
    """[B, C/K, H, W] and [B, C − C/K, H, W], put together and shuffled."""
    images, width, height, across = mixed.shape
    channels = width + rest.shape[1]
    size = (images, channels, height, across)
    out = torch.empty_strided(size, _strides(size), dtype=mixed.dtype, device=mixed.device)
    places = rows_of(out).view(-1, width, channels // width)
    places[:, :, 0] = rows_of(mixed)
    places[:, :, 1:] = rows_of(rest).view(len(places), -1, width).transpose(1, 2)
    return out


def unjoined(whole: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The inverse of :func:`joined`."""
    images, channels, height, across = whole.shape
    places = rows_of(whole).view(-1, width, channels // width)
    size = (images, height, across, -1)
    mixed = places[:, :, 0].contiguous().view(size)
    rest = places[:, :, 1:].transpose(1, 2).contiguous().view(size)
    return mixed.permute(0, 3, 1, 2), rest.permute(0, 3, 1, 2)


def _strides(size: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    _, channels, height, width = size
    return (channels * height * width, 1, width * channels, channels)
