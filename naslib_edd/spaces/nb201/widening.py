"""Wider layers from narrow ones: new channels begin as copies of old ones, drawn at random.

What DrNAS does where fewer channels go by the operations (partial channels, K from 4 to 2): each
convolution gets input channels and output channels that copy old ones, its norm's statistics and
its weights' momentum follow the same copies. Unlike Net2Net's, the copies are not scaled down: the
new input channels carry features of their own, and a batch norm follows.
Source: Chen et al. 2021, "DrNAS"; ``net2wider.py`` of its release, xiangning-chen/DrNAS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, EDGES
from naslib_edd.supernet.base import widening
from naslib_edd.supernet.layers import BatchNorm

#: Copies of the input and of the output channels of one convolution.
Copies = tuple[Tensor, Tensor]


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


@torch.no_grad()
def widen_supernet(
    supernet: Any,
    *,
    partial: int,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    """Make a network with partial channels one with a smaller K, in place.

    Its parameters stay the same objects, in the optimizer, too, whose momentum is widened with
    them. The copies are drawn cell by cell, edge by edge, 1×1 before 3×3: both twins draw the same.

    Args:
        supernet: with ``partial``, its K, and cells with a ``width`` of C/K channels.
        partial: the new K, a divisor of the old one.
        optimizer: of the weights.
        generator: of the copies, on the CPU.
    """
    factor = widening(supernet.partial, partial)
    supernet.partial = partial
    for cell in supernet.search_cells():
        _widen_cell(cell, factor, optimizer, generator)


def _widen_cell(
    cell: Any, factor: int, optimizer: torch.optim.Optimizer, generator: torch.Generator
) -> None:
    width, wider = cell.width, cell.width * factor

    def draw() -> Tensor:
        return copies(channels=width, wider=wider, generator=generator)

    drawn = {(row, op): (draw(), draw()) for row in range(len(EDGES)) for op in (CONV1, CONV3)}
    for layer, held in cell.convolutions():
        widen_layer(layer, [drawn[each] for each in held], optimizer)
    cell.width = wider


def widen_layer(layer: Any, pairs: Sequence[Copies], optimizer: torch.optim.Optimizer) -> None:
    """A layer's ``conv`` and ``norm``; one pair of copies for each edge that the layer holds."""
    conv, norm = layer.conv, layer.norm
    weight = conv.weight
    state = optimizer.state.get(weight, {})

    def kernels(tensor: Tensor) -> Tensor:
        parts = zip(tensor.chunk(len(pairs)), pairs, strict=True)
        wide = torch.cat([widen_convolution(part, inputs=i, outputs=o) for part, (i, o) in parts])
        channels_last = tensor.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        return wide.contiguous(memory_format=layout)

    def features(tensor: Tensor | None) -> Tensor | None:
        if tensor is None:
            return None
        parts = zip(tensor.chunk(len(pairs)), pairs, strict=True)
        return torch.cat([widen(part, outputs) for part, (_, outputs) in parts])

    if state.get("momentum_buffer") is not None:
        state["momentum_buffer"] = kernels(state["momentum_buffer"])
    weight.data, weight.grad = kernels(weight.data), None
    conv.out_channels, conv.in_channels = weight.shape[:2]
    assert isinstance(norm, BatchNorm)
    norm.running_mean, norm.running_var = features(norm.running_mean), features(norm.running_var)
    norm.channels = conv.out_channels
