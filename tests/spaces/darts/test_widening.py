"""Wider operations in the DARTS space: DrNAS' second half."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from darts_nets import EXACT, drawn, twins
from torch import Tensor

from naslib_edd.errors import UserError
from naslib_edd.spaces.darts.operations import FactorizedReduce, SepConv
from naslib_edd.spaces.darts.plain import PlainDartsSupernet


def trained(network: PlainDartsSupernet) -> torch.optim.SGD:
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    images, labels, beta = drawn(edges=True)
    F.cross_entropy(network(images, beta), labels).backward()
    optimizer.step()
    return optimizer


def widened(network: PlainDartsSupernet, partial: int) -> torch.optim.SGD:
    optimizer = trained(network)
    generator = torch.Generator().manual_seed(7)
    network.widen(partial=partial, optimizer=optimizer, generator=generator)
    return optimizer


@pytest.mark.parametrize("partial", [2, 1])
def test_both_twins_go_on_alike(partial: int) -> None:
    size: dict[str, Any] = {"channels": 8, "cells": 4}
    networks = twins(**size, partial=4)
    whole = PlainDartsSupernet(networks[0].layout, **size, partial=partial)
    images, labels, beta = drawn(edges=True)
    found = []
    for network in networks:
        before = [id(parameter) for parameter in network.parameters()]
        optimizer = widened(network, partial)
        assert [id(parameter) for parameter in network.parameters()] == before
        assert network.partial == partial
        fresh = {name: tensor.shape for name, tensor in whole.state_dict().items()}
        assert {name: t.shape for name, t in network.state_dict().items()} == fresh
        given = beta if partial > 1 else beta[:, :-1]
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(network(images, given), labels).backward()
            optimizer.step()
        found.append(network.state_dict())
    for name, tensor in found[0].items():
        torch.testing.assert_close(found[1][name], tensor, rtol=1e-7, atol=1e-9, msg=name)


def rows(old: Tensor, new: Tensor) -> list[int]:
    """Which old entry each new one is, along the first dimension."""
    flat = old.reshape(len(old), -1)
    return [
        next(i for i, entry in enumerate(flat) if torch.equal(entry, each))
        for each in new.reshape(len(new), -1)
    ]


def test_copies_follow_each_other() -> None:
    plain, _ = twins(channels=8, cells=3, partial=4)
    optimizer = trained(plain)
    cell = next(iter(plain.search_cells()))
    edge = next(cell.operation(place, 4) for place, s in enumerate(cell.strides) if s == 1)
    assert isinstance(edge, SepConv)
    block = edge.second
    old = [
        tensor.clone()
        for tensor in (block.depthwise.weight, block.pointwise.weight, block.norm.running_mean)
        if tensor is not None
    ]
    momentum = optimizer.state[block.depthwise.weight]["momentum_buffer"].clone()
    generator = torch.Generator().manual_seed(7)
    plain.widen(partial=1, optimizer=optimizer, generator=generator)
    assert block.norm.running_mean is not None
    within = rows(old[0], block.depthwise.weight)
    assert within[:2] == [0, 1] and len(within) == 8 == block.depthwise.groups
    outputs = rows(old[1], block.pointwise.weight[:, :2])
    assert torch.equal(block.pointwise.weight, old[1][outputs][:, within])
    assert torch.equal(block.norm.running_mean, old[2][outputs])
    held = optimizer.state[block.depthwise.weight]["momentum_buffer"]
    assert torch.equal(held, momentum[within])


def test_each_half_of_a_reduction_keeps_its_statistics() -> None:
    plain, _ = twins(channels=8, cells=3, partial=2)
    optimizer = trained(plain)
    cell = list(plain.search_cells())[1]
    reduce = cell.operation(0, 3)
    assert isinstance(reduce, FactorizedReduce) and reduce.norm.running_mean is not None
    old = [reduce.conv_1.weight.clone(), reduce.conv_2.weight.clone()]
    mean = reduce.norm.running_mean.clone()
    plain.widen(partial=1, optimizer=optimizer, generator=torch.Generator().manual_seed(1))
    width = len(old[0])
    first = rows(old[0], reduce.conv_1.weight[:, : 2 * width])
    second = rows(old[1], reduce.conv_2.weight[:, : 2 * width])
    order = torch.tensor([*first, *(width + place for place in second)])
    torch.testing.assert_close(reduce.norm.running_mean, mean[order], **EXACT)


def test_a_k_that_does_not_divide() -> None:
    plain, _ = twins(channels=8, cells=1, partial=4)
    with pytest.raises(UserError, match="K = 4 to 3"):
        widened(plain, 3)
