"""Wider layers from narrow ones: new channels begin as copies of old ones, drawn at random.

What DrNAS does where fewer channels go by the operations (partial channels, K from 4 to 2): each
convolution gets input channels and output channels that copy old ones, its norm's statistics and
its weights' momentum follow the same copies. Unlike Net2Net's, the copies are not scaled down: the
new input channels carry features of their own, and a batch norm follows.
Source: Chen et al. 2021, "DrNAS"; ``net2wider.py`` of its release, xiangning-chen/DrNAS.
"""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.errors import UserError


def copies(*, channels: int, wider: int, generator: torch.Generator) -> Tensor:
    """Which old channel each new one copies: int64 [wider − channels], drawn uniformly.

    Raises:
        UserError: ``wider`` is less than ``channels``.
    """
    if wider < channels:
        raise UserError(f"cannot widen {channels} channels to {wider}: that is fewer")
    return torch.randint(channels, (wider - channels,), generator=generator)


def widen(tensor: Tensor, index: Tensor, *, dim: int = 0) -> Tensor:
    """The tensor with the entries ``index`` of a dimension once more, behind the old ones."""
    return torch.cat([tensor, tensor.index_select(dim, index.to(tensor.device))], dim)


def widen_convolution(weight: Tensor, *, inputs: Tensor, outputs: Tensor) -> Tensor:
    """A kernel [out, in, k, k], or its momentum, to [out + outputs, in + inputs, k, k]."""
    return widen(widen(weight, inputs, dim=1), outputs, dim=0)
