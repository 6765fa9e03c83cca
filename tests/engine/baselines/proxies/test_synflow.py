"""synflow: against Euler's theorem, layer by layer, on a twin without norms."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

from naslib_edd.engine.baselines.proxies import synflow
from naslib_edd.spaces.nb201.network import build
from naslib_edd.supernet.layers import BatchNorm

#: One path: a convolution from the input to the output of each cell.
CHAIN = (0, 0, 0, 2, 0, 0)


def test_by_eulers_theorem() -> None:
    """R is linear in each layer that all of it runs through: such a layer's Σ w·∂R/∂w is R.

    Of a reduction the main path has two convolutions and the shortcut one: R + R_main in all.
    """
    torch.manual_seed(0)
    cells = 2
    network = build(CHAIN, channels=3, cells=cells)
    images = torch.randn(5, 3, 8, 8)
    found = synflow(network, images)
    twin = copy.deepcopy(network).double()
    for module in list(twin.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, BatchNorm):
                setattr(module, name, nn.Identity())
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.abs_()
        assert twin.head.linear.bias is not None
        twin.head.linear.bias.zero_()
        ones = torch.ones(1, 3, 8, 8, dtype=torch.float64)
        flow = float(twin(ones).sum())
        total = flow * (1 + 3 * cells + 1)  # stem, cells, linear layer
        for reduction in twin.reductions:
            kept = reduction.shortcut.weight.clone()
            reduction.shortcut.weight.zero_()
            total += flow + float(twin(ones).sum())
            reduction.shortcut.weight.copy_(kept)
    assert found == pytest.approx(math.log(total), rel=1e-12)


def test_nothing_reaches_the_output_and_nothing_is_changed() -> None:
    cut = build((0,) * 6, channels=3, cells=1)
    assert synflow(cut, torch.zeros(1, 3, 8, 8)) == -math.inf
    network = build((3,) * 6, channels=3, cells=1)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    once = synflow(network, torch.randn(2, 3, 8, 8))
    assert once == synflow(network, torch.randn(9, 3, 8, 8))  # of the images only the size counts
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
