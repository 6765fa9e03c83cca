"""Partial channels: the plain twin by hand, the fast twin against it in float64."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, EDGES, NONE, POOL, SKIP
from naslib_edd.spaces.nb201.fast_partial import FastPartialSupernet, weighted_sum
from naslib_edd.spaces.nb201.partial import PlainPartialCell, PlainPartialSupernet, shuffled
from naslib_edd.spaces.nb201.twins import copy_from_plain, plain_twin_of
from naslib_edd.supernet.base import Supernet
from naslib_edd.supernet.layers import average_pool, evaluating

EXACT = {"rtol": 1e-9, "atol": 1e-10}
SIZES = [
    {"channels": 4, "partial": 4, "cells": 1, "classes": 10},
    {"channels": 4, "partial": 2, "cells": 2, "classes": 3},
    {"channels": 6, "partial": 3, "cells": 1, "classes": 5},
]
CELLS = [(NONE,) * 6, (SKIP,) * 6, (CONV1,) * 6, (CONV3,) * 6, (POOL,) * 6]

Twins = tuple[PlainPartialSupernet, FastPartialSupernet]


def make_twins(size: dict[str, int], *, running: bool = True, seed: int = 0) -> Twins:
    torch.manual_seed(seed)
    options: dict[str, Any] = {**size, "running": running}
    plain = PlainPartialSupernet(**options).double()
    with torch.no_grad():
        for name, tensor in plain.state_dict().items():
            if tensor.dim() == 1:
                positive = name.endswith(("norm.weight", "running_var"))
                drawn = torch.rand_like(tensor)
                tensor.copy_(0.5 + drawn if positive else 0.4 * drawn - 0.2)
    fast = FastPartialSupernet(**options).double()
    assert copy_from_plain(fast, plain) is fast
    return plain, fast


def draw(classes: int, *, columns: int = 6, seed: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(3, 3, 8, 8, generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (3,), generator=generator)
    weights = torch.rand(6, columns, generator=generator, dtype=torch.float64) + 0.1
    return images, labels, weights


def weight_gradients(network: Supernet) -> dict[str, Tensor]:
    """The gradient of each weight, under the plain twin's names."""
    if isinstance(network, PlainPartialSupernet):
        return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
    assert isinstance(network, FastPartialSupernet)
    holder = FastPartialSupernet(
        partial=network.partial,
        channels=network.channels,
        cells=network.cells,
        classes=network.classes,
    ).double()
    with torch.no_grad():
        for target, source in zip(holder.parameters(), network.parameters(), strict=True):
            assert source.grad is not None
            target.copy_(source.grad)
    return {name: p.detach() for name, p in plain_twin_of(holder).named_parameters()}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("layout", ["contiguous_format", "channels_last"])
@pytest.mark.parametrize("columns", [6, 5])
@pytest.mark.parametrize("training", [True, False])
def test_fast_equals_plain(size: dict[str, int], layout: str, columns: int, training: bool) -> None:
    """Scores; gradients of β, edge weights, images and every weight; running statistics."""
    plain, fast = make_twins(size)
    before = {name: tensor.clone() for name, tensor in plain.state_dict().items()}
    images, labels, beta = draw(size["classes"], columns=columns)
    memory = getattr(torch, layout)
    scores, of_beta, of_images, of_weights = [], [], [], []
    for network in (plain, fast):
        network.to(memory_format=memory).train(training)
        x = images.clone().contiguous(memory_format=memory).requires_grad_()
        weights = beta.clone().requires_grad_()
        out = network(x, weights)
        F.cross_entropy(out, labels).backward()
        scores.append(out.detach())
        of_beta.append(weights.grad)
        of_images.append(x.grad)
        of_weights.append(weight_gradients(network))
    torch.testing.assert_close(scores[1], scores[0], **EXACT)
    torch.testing.assert_close(of_beta[1], of_beta[0], **EXACT)
    assert not of_beta[0][:, NONE].any() and of_beta[0][:, 1:].all()
    torch.testing.assert_close(of_images[1], of_images[0], **EXACT)
    assert of_weights[0].keys() == of_weights[1].keys() == dict(plain.named_parameters()).keys()
    for name, gradient in of_weights[0].items():
        assert gradient.any() or not training, name
        torch.testing.assert_close(of_weights[1][name], gradient, **EXACT, msg=name)
    after = plain_twin_of(fast).state_dict()
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(after[name], tensor, **EXACT, msg=name)
        assert torch.equal(tensor, before[name]) is not ("running" in name and training), name


def test_an_edge_by_hand() -> None:
    """Operations on the first C/K channels, the rest as it is, both shuffled."""
    torch.manual_seed(0)
    cell = PlainPartialCell(channels=8, partial=4, running=False).double()
    x = torch.randn(2, 8, 5, 5, dtype=torch.float64)
    beta = torch.tensor([0.1, 0.2, 0.3, 0.25, 0.15, 9.0], dtype=torch.float64)
    part = x[:, :2]
    one, three = cell.operations(0)[CONV1], cell.operations(0)[CONV3]
    mixed = 0.2 * part + 0.3 * one(part) + 0.25 * three(part) + 0.15 * average_pool(part)
    whole = torch.cat([mixed, x[:, 2:]], 1)
    # Place p holds channel p // K of group p % K, which has 2 channels.
    wanted = torch.stack([whole[:, (p % 4) * 2 + p // 4] for p in range(8)], 1)
    torch.testing.assert_close(cell._edge(0, x, beta), wanted, **EXACT)
    torch.testing.assert_close(shuffled(mixed, x[:, 2:]), wanted, **EXACT)
    assert one.conv.weight.shape == (2, 2, 1, 1) and three.conv.weight.shape == (2, 2, 3, 3)


def test_a_cell_sums_edges_times_their_weights() -> None:
    torch.manual_seed(0)
    cell = PlainPartialCell(channels=4, partial=2, running=False).double()
    x = torch.randn(2, 4, 5, 5, dtype=torch.float64)
    weights = torch.rand(6, 6, dtype=torch.float64)
    nodes = [x]
    for target in (1, 2, 3):
        entering = [(row, s) for row, (s, t) in enumerate(EDGES) if t == target]
        nodes.append(
            sum(weights[row, 5] * cell._edge(row, nodes[s], weights[row]) for row, s in entering)
        )
    torch.testing.assert_close(cell(x, weights), nodes[-1], **EXACT)
    ones = torch.cat([weights[:, :5], torch.ones(6, 1, dtype=torch.float64)], 1)
    assert torch.equal(cell(x, weights[:, :5]), cell(x, ones))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("statistics", ["batch", "running"])
def test_discretised(size: dict[str, int], statistics: Any) -> None:
    """Both twins are the supernet under one-hot β with the edge weights; nothing is changed."""
    source = random.Random(0)
    cells = CELLS + [tuple(source.randrange(5) for _ in range(6)) for _ in range(8)]
    plain, fast = make_twins(size)
    images, _, weights = draw(size["classes"])
    state = torch.get_rng_state()
    before = {name: tensor.clone() for name, tensor in fast.state_dict().items()}
    for ops in cells:
        for edges in (None, weights[:, 5]):
            found = [n.discretised(images, ops, statistics, edges) for n in (plain, fast)]
            torch.testing.assert_close(found[1], found[0], **EXACT, msg=f"{ops}")
            one_hot = F.one_hot(torch.tensor(ops), 5).double()
            if edges is not None:
                one_hot = torch.cat([one_hot, edges[:, None]], 1)
            with torch.no_grad(), evaluating(fast, statistics):
                wanted = fast(images, one_hot)
            torch.testing.assert_close(found[1], wanted, **EXACT, msg=f"{ops}")
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(fast.state_dict()[name], tensor) for name, tensor in before.items())


def test_edge_weights_count_in_the_discretised_network() -> None:
    images, _, weights = draw(10)
    for network in make_twins(SIZES[0]):
        with_weights = network.discretised(images, CELLS[3], "batch", weights[:, 5])
        assert (with_weights - network.discretised(images, CELLS[3], "batch")).abs().max() > 1e-3


def test_weights_go_there_and_back() -> None:
    plain, fast = make_twins(SIZES[1])
    returned = plain_twin_of(fast)
    assert isinstance(returned, PlainPartialSupernet) and returned.partial == 2
    assert returned.state_dict().keys() == plain.state_dict().keys()
    for name, tensor in plain.state_dict().items():
        assert torch.equal(returned.state_dict()[name], tensor), name
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in fast.parameters())


def test_weighted_sum_against_autograd() -> None:
    torch.manual_seed(0)
    weights = torch.randn(3, dtype=torch.float64, requires_grad=True)
    tensors = [torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(lambda w, *x: weighted_sum(w, x), (weights, *tensors))
    tensors[1].requires_grad_(False)
    grads = torch.autograd.grad(weighted_sum(weights, tensors).sum(), [tensors[0], tensors[2]])
    torch.testing.assert_close(grads[1], torch.full_like(grads[1], weights[2].item()))
