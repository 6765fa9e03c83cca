"""DrNAS' wider layers in the DARTS space: from partial channels K to a smaller K, in place.

New channels copy old ones, drawn at random. A depthwise convolution's copies are those of the
inputs of the 1×1 convolution behind it; a norm's statistics follow the convolution before it, and
weights' momentum follows the weights. The order of the draws is the release's, edge by edge.
Source: Chen et al. 2021, "DrNAS"; xiangning-chen/DrNAS, ``DARTS-space/operations.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from naslib_edd.spaces.darts.cell import DartsCell
from naslib_edd.spaces.darts.operations import DepthwiseConvBN, FactorizedReduce, Pool, SepConv
from naslib_edd.supernet.base import widening
from naslib_edd.supernet.layers import BatchNorm

#: (old channels) → which of them are copied, in order.
Draw = Callable[[int], Tensor]


@torch.no_grad()
def widen_supernet(
    supernet: Any,
    *,
    partial: int,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    """Make a network with partial channels one with a smaller K.

    Its parameters stay the same objects, in the optimizer, too.

    Args:
        supernet: with ``partial``, its K.
        partial: the new K, a divisor of the old one.
        optimizer: of the weights.
        generator: of the copies, on the CPU.

    Raises:
        UserError: the new K does not divide the old one.
    """
    factor = widening(supernet.partial, partial)

    def draw(channels: int) -> Tensor:
        return torch.randint(channels, (channels * (factor - 1),), generator=generator)

    for cell in supernet.search_cells():
        _widen_cell(cell, draw, optimizer)
        cell.width *= factor
    supernet.partial = partial


def _widen_cell(cell: DartsCell, draw: Draw, optimizer: torch.optim.Optimizer) -> None:
    for edge in cell.edges:
        assert isinstance(edge, nn.ModuleList)
        for module in edge:
            if isinstance(module, SepConv):
                _widen_depthwise(module.first, draw, optimizer)
                _widen_depthwise(module.second, draw, optimizer)
            elif isinstance(module, DepthwiseConvBN):
                _widen_depthwise(module, draw, optimizer)
            elif isinstance(module, FactorizedReduce):
                _widen_reduce(module, draw, optimizer)
            elif isinstance(module, Pool) and module.norm is not None:
                _widen_norm(module.norm, draw(module.norm.channels))


def _widen_depthwise(module: DepthwiseConvBN, draw: Draw, optimizer: torch.optim.Optimizer) -> None:
    depthwise, pointwise = module.depthwise, module.pointwise
    within = draw(depthwise.out_channels)
    _widen_kernel(depthwise, optimizer, outputs=within)
    depthwise.in_channels = depthwise.groups = depthwise.out_channels
    outputs = draw(pointwise.out_channels)
    _widen_kernel(pointwise, optimizer, inputs=within, outputs=outputs)
    pointwise.in_channels = depthwise.out_channels
    _widen_norm(module.norm, outputs)


def _widen_reduce(module: FactorizedReduce, draw: Draw, optimizer: torch.optim.Optimizer) -> None:
    copied, first = [], 0
    for conv in (module.conv_1, module.conv_2):
        inputs, outputs = draw(conv.in_channels), draw(conv.out_channels)
        # The norm's statistics follow, in the places that both convolutions have in it.
        copied.append(outputs + first)
        first += conv.out_channels
        _widen_kernel(conv, optimizer, inputs=inputs, outputs=outputs)
        conv.in_channels += len(inputs)
    norm = module.norm
    half = norm.channels // 2
    order = [torch.arange(half), copied[0], torch.arange(half, norm.channels), copied[1]]
    _reorder_norm(norm, torch.cat(order))


def _widen_norm(norm: BatchNorm, copied: Tensor) -> None:
    _reorder_norm(norm, torch.cat([torch.arange(norm.channels), copied]))


def _reorder_norm(norm: BatchNorm, order: Tensor) -> None:
    for name in ("running_mean", "running_var"):
        statistic = getattr(norm, name)
        if statistic is not None:
            setattr(norm, name, statistic.index_select(0, order.to(statistic.device)))
    norm.channels = len(order)


def _widen_kernel(
    conv: nn.Conv2d,
    optimizer: torch.optim.Optimizer,
    *,
    inputs: Tensor | None = None,
    outputs: Tensor,
) -> None:
    weight = conv.weight
    layout = torch.contiguous_format
    if weight.is_contiguous(memory_format=torch.channels_last):
        layout = torch.channels_last

    def wider(tensor: Tensor) -> Tensor:
        for dim, index in ((1, inputs), (0, outputs)):
            if index is not None:
                tensor = torch.cat([tensor, tensor.index_select(dim, index.to(tensor.device))], dim)
        return tensor.contiguous(memory_format=layout)

    state = optimizer.state.get(weight, {})
    if state.get("momentum_buffer") is not None:
        state["momentum_buffer"] = wider(state["momentum_buffer"])
    weight.data, weight.grad = wider(weight.data), None
    conv.out_channels = len(weight)
