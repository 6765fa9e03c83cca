"""Carry weights and statistics between the fast supernet and its plain twin."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.spaces.nb201.encoding import CONV1, CONV3
from naslib_edd.spaces.nb201.fast import ROWS, BatchedConvBN, FastCell, FastSupernet
from naslib_edd.spaces.nb201.fast_partial import FastPartialSupernet
from naslib_edd.spaces.nb201.partial import PlainPartialSupernet
from naslib_edd.spaces.nb201.plain import PlainCell, PlainSupernet
from naslib_edd.spaces.nb201.skeleton import NB201Supernet
from naslib_edd.supernet.layers import ReLUConvBN


@torch.no_grad()
def copy_from_plain(fast: FastSupernet, plain: PlainSupernet) -> FastSupernet:
    """Give the fast supernet the plain one's weights and statistics; returns the fast one.

    Both must have the same channels, cells and classes, and as many partial channels.
    """
    for target, source in zip(_fast_parts(fast), _plain_parts(plain), strict=True):
        target.copy_(source)
    return fast


@torch.no_grad()
def plain_twin_of(fast: FastSupernet) -> PlainSupernet:
    """A plain supernet with the fast one's weights and statistics, of its type and device."""
    size: dict[str, Any] = {"channels": fast.channels, "cells": fast.cells}
    size |= {"classes": fast.classes, "running": fast.running}
    plain = (
        PlainPartialSupernet(partial=fast.partial, **size)
        if isinstance(fast, FastPartialSupernet)
        else PlainSupernet(**size)
    ).to(fast.head.linear.weight)
    for source, target in zip(_fast_parts(fast), _plain_parts(plain), strict=True):
        target.copy_(source)
    return plain


def _shared(network: NB201Supernet) -> list[Tensor]:
    """Weights and statistics of everything but the cells."""
    parts = (network.stem, network.reductions, network.head)
    return [tensor for part in parts for tensor in part.state_dict(keep_vars=True).values()]


def _fast_parts(fast: FastSupernet) -> list[Tensor]:
    tensors = _shared(fast)
    for cell in fast.search_cells():
        assert isinstance(cell, FastCell)
        for source, rows in enumerate(ROWS):
            for place in range(len(rows)):
                for batched in (cell.batched(CONV1, source), cell.batched(CONV3, source)):
                    part = batched.part(place)
                    tensors += [tensor[part] for tensor in _conv_norm(batched)]
    return tensors


def _plain_parts(plain: PlainSupernet) -> list[Tensor]:
    tensors = _shared(plain)
    for cell in plain.search_cells():
        assert isinstance(cell, PlainCell)
        for rows in ROWS:
            for row in rows:
                for op in (CONV1, CONV3):
                    layer = cell.operations(row)[op]
                    assert isinstance(layer, ReLUConvBN)
                    tensors += _conv_norm(layer)
    return tensors


def _conv_norm(layer: BatchedConvBN | ReLUConvBN) -> list[Tensor]:
    statistics = (layer.norm.running_mean, layer.norm.running_var)
    return [layer.conv.weight.detach(), *(tensor for tensor in statistics if tensor is not None)]
