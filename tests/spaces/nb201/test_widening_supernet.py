"""A supernet with partial channels made wider: twins stay twins, momentum goes along."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.fast_partial import FastPartialSupernet
from naslib_edd.spaces.nb201.partial import PlainPartialSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain
from naslib_edd.spaces.nb201.widening import widen_supernet

SIZE: dict[str, Any] = {"channels": 8, "cells": 1, "classes": 3}


def networks() -> tuple[PlainPartialSupernet, FastPartialSupernet]:
    torch.manual_seed(0)
    plain = PlainPartialSupernet(partial=4, **SIZE).double()
    return plain, copy_from_plain(FastPartialSupernet(partial=4, **SIZE).double(), plain)  # type: ignore[return-value]


def stepped(network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Tensor:
    """A step on the same batch under the same β; the loss before it."""
    random = torch.Generator().manual_seed(1)
    images = torch.randn(4, 3, 8, 8, generator=random, dtype=torch.float64)
    beta = torch.rand(6, 5, generator=random, dtype=torch.float64)
    loss = F.cross_entropy(network(images, beta), torch.tensor([0, 1, 2, 0]))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def test_twins_stay_twins_through_steps_before_and_after() -> None:
    losses = []
    for network in networks():
        optimizer = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9)
        found = [stepped(network, optimizer) for _ in range(2)]
        before = list(network.parameters())
        generator = torch.Generator().manual_seed(7)
        widen_supernet(network, partial=2, optimizer=optimizer, generator=generator)
        assert all(a is b for a, b in zip(before, network.parameters(), strict=True))
        for parameter in network.parameters():
            assert optimizer.state[parameter]["momentum_buffer"].shape == parameter.shape
        losses.append(torch.stack([*found, *(stepped(network, optimizer) for _ in range(3))]))
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-9, atol=1e-12)
    assert losses[0].diff().abs().min() > 1e-6


def test_shapes_are_those_of_a_network_built_with_the_new_k() -> None:
    for network in networks():
        optimizer = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9)
        widen_supernet(
            network, partial=2, optimizer=optimizer, generator=torch.Generator().manual_seed(7)
        )
        fresh = type(network)(partial=2, **SIZE).double()
        fresh.load_state_dict(network.state_dict())
        x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
        beta = torch.rand(6, 5, dtype=torch.float64)
        torch.testing.assert_close(fresh(x, beta), network(x, beta))
        ops = (1, 3, 2, 4, 0, 3)
        torch.testing.assert_close(fresh.discretised(x, ops), network.discretised(x, ops))


def test_k_must_divide() -> None:
    plain, _ = networks()
    optimizer = torch.optim.SGD(plain.parameters(), 0.05)
    with pytest.raises(UserError, match="the new K must divide the old one"):
        widen_supernet(plain, partial=3, optimizer=optimizer, generator=torch.Generator())
