"""The fast supernet against the plain one: values, gradients, statistics, discretised networks."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, NONE, POOL, SKIP
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.twins import plain_twin_of
from naslib_edd.supernet.base import Supernet

Twins = tuple[PlainSupernet, FastSupernet]
MakeTwins = Callable[..., Twins]
DrawBatch = Callable[..., tuple[Tensor, Tensor, Tensor]]

SIZES = [
    {"channels": 2, "cells": 1, "classes": 10},
    {"channels": 4, "cells": 1, "classes": 3},
    {"channels": 2, "cells": 2, "classes": 5},
    {"channels": 4, "cells": 2, "classes": 100},
]
EXACT = {"rtol": 1e-9, "atol": 1e-10}
#: Cells that are cut, wholly or in part, and cells of one operation.
SPECIAL = [
    (NONE,) * 6,
    (SKIP,) * 6,
    (CONV1,) * 6,
    (CONV3,) * 6,
    (POOL,) * 6,
    (NONE, SKIP, CONV3, NONE, SKIP, NONE),  # only node 1 leads out, and nothing leads to node 1
    (NONE, NONE, CONV1, NONE, CONV3, POOL),  # a cut cell with convolutions, whose norm of 0 is 0
    (CONV3, NONE, NONE, NONE, NONE, NONE),  # a dead end
    (NONE, NONE, NONE, SKIP, NONE, NONE),  # identity
]


def random_ops(count: int, seed: int = 0) -> list[tuple[int, ...]]:
    source = random.Random(seed)
    return [tuple(source.randrange(5) for _ in range(6)) for _ in range(count)]


def laid_out(tensor: Tensor, layout: str) -> Tensor:
    return tensor.contiguous(memory_format=getattr(torch, layout))


def gradients(network: Supernet) -> dict[str, Tensor]:
    """The gradient of each weight, under the plain twin's names."""
    if isinstance(network, PlainSupernet):
        return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
    holder = FastSupernet(
        channels=network.channels, cells=network.cells, classes=network.classes
    ).double()
    with torch.no_grad():
        for target, source in zip(holder.parameters(), network.parameters(), strict=True):
            assert source.grad is not None
            target.copy_(source.grad)
    return {name: p.detach() for name, p in plain_twin_of(holder).named_parameters()}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("layout", ["contiguous_format", "channels_last"])
@pytest.mark.parametrize("training", [True, False])
def test_value_gradients_and_statistics(
    size: dict[str, int],
    layout: str,
    training: bool,
    make_twins: MakeTwins,
    draw_batch: DrawBatch,
) -> None:
    plain, fast = make_twins(**size)
    images, labels, beta = draw_batch(size["classes"])
    scores, of_beta, of_images, of_weights = [], [], [], []
    for network in (plain, fast):
        network.to(memory_format=getattr(torch, layout)).train(training)
        x = laid_out(images.clone(), layout).requires_grad_()
        weights = beta.clone().requires_grad_()
        out = network(x, weights)
        F.cross_entropy(out, labels).backward()
        scores.append(out.detach())
        of_beta.append(weights.grad)
        of_images.append(x.grad)
        of_weights.append(gradients(network))
    assert scores[0].shape == (3, size["classes"])
    torch.testing.assert_close(scores[1], scores[0], **EXACT)
    torch.testing.assert_close(of_beta[1], of_beta[0], **EXACT)
    assert not of_beta[0][:, NONE].any() and of_beta[0][:, 1:].all()
    torch.testing.assert_close(of_images[1], of_images[0], **EXACT)
    assert of_weights[0].keys() == of_weights[1].keys() == dict(plain.named_parameters()).keys()
    for name, gradient in of_weights[0].items():
        torch.testing.assert_close(of_weights[1][name], gradient, **EXACT, msg=name)
    before = make_twins(**size)[0].state_dict()
    after = plain_twin_of(fast).state_dict()
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(after[name], tensor, **EXACT, msg=name)
        moved = "running" in name and training
        assert torch.equal(tensor, before[name]) is not moved, name


@pytest.mark.parametrize("size", SIZES[1:3], ids=str)
def test_they_stay_together_over_steps(
    size: dict[str, int], make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    plain, fast = make_twins(**size)
    for network in (plain, fast):
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, nesterov=True)
        for seed in range(3):
            images, labels, beta = draw_batch(size["classes"], seed=seed)
            optimizer.zero_grad()
            F.cross_entropy(network(images, beta), labels).backward()
            optimizer.step()
    after = plain_twin_of(fast).state_dict()
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(after[name], tensor, rtol=1e-8, atol=1e-9, msg=name)


@pytest.mark.parametrize("size", SIZES[:3], ids=str)
@pytest.mark.parametrize("layout", ["contiguous_format", "channels_last"])
@pytest.mark.parametrize("statistics", ["batch", "running"])
def test_discretised_twins(
    size: dict[str, int],
    layout: str,
    statistics: str,
    make_twins: MakeTwins,
    draw_batch: DrawBatch,
) -> None:
    twins = [network.to(memory_format=getattr(torch, layout)) for network in make_twins(**size)]
    images = laid_out(draw_batch(size["classes"])[0], layout)
    for ops in SPECIAL + random_ops(12):
        plain, fast = (network.discretised(images, ops, statistics) for network in twins)
        torch.testing.assert_close(fast, plain, **EXACT, msg=f"{ops}")
        assert torch.isfinite(plain).all() and not plain.requires_grad


@pytest.mark.parametrize("statistics", ["batch", "running"])
def test_one_hot_beta_is_the_discretised_network(
    statistics: str, make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    images, _, _ = draw_batch(10)
    for ops in SPECIAL + random_ops(8, seed=1):
        one_hot = F.one_hot(torch.tensor(ops), 5).double()
        for network in make_twins(channels=2, cells=2, classes=10):
            wanted = network.discretised(images, ops, statistics)
            with torch.no_grad():
                found = network.train(statistics == "batch")(images, one_hot)
            torch.testing.assert_close(found, wanted, **EXACT, msg=f"{ops}")


def test_discretised_uses_the_ops_and_statistics_it_is_told(
    make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    images, _, _ = draw_batch(10)
    for network in make_twins(channels=2, cells=1, classes=10):
        results = [
            network.discretised(images, ops, statistics)
            for ops in [(CONV1,) * 6, (CONV3,) * 6, (SKIP,) * 6, (POOL,) * 6]
            for statistics in ("batch", "running")
        ]
        for number, result in enumerate(results):
            assert all((result - other).abs().max() > 1e-3 for other in results[:number])


@pytest.mark.parametrize("training", [True, False])
def test_discretised_leaves_no_trace(
    training: bool, make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    images, _, _ = draw_batch(10)
    for network in make_twins(channels=2, cells=1, classes=10):
        network.train(training)
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        random_state, numbers = torch.get_rng_state(), random.getstate()
        for statistics in ("batch", "running"):
            for ops in random_ops(3):
                network.discretised(images, ops, statistics)
        with pytest.raises(RuntimeError):  # two channels are no image; the mode comes back even so
            network.discretised(images[:, :2], SPECIAL[0], "batch")
        assert torch.equal(torch.get_rng_state(), random_state)
        assert random.getstate() == numbers
        after = network.state_dict()
        assert before.keys() == after.keys()
        assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
        assert all(parameter.grad is None for parameter in network.parameters())
        for module in network.modules():
            assert module.training is training
            assert getattr(module, "evaluate_with", "running") == "running"


def test_without_running_statistics(make_twins: MakeTwins, draw_batch: DrawBatch) -> None:
    images, _, beta = draw_batch(4)
    for network in make_twins(channels=2, cells=1, classes=4, running=False):
        assert not [name for name in network.state_dict() if "running" in name]
        trained = network(images, beta)
        torch.testing.assert_close(network.eval()(images, beta), trained, **EXACT)
        for ops in random_ops(3):
            by_batch, by_running = (
                network.discretised(images, ops, s) for s in ("batch", "running")
            )
            assert torch.equal(by_batch, by_running)


def test_weights_go_there_and_back(make_twins: MakeTwins) -> None:
    plain, fast = make_twins(channels=2, cells=2, classes=7)
    returned = plain_twin_of(fast)
    assert returned.state_dict().keys() == plain.state_dict().keys()
    for name, tensor in plain.state_dict().items():
        assert torch.equal(returned.state_dict()[name], tensor), name
        assert returned.state_dict()[name].data_ptr() != tensor.data_ptr()
    count = [sum(p.numel() for p in network.parameters()) for network in (plain, fast)]
    assert count[0] == count[1]


@pytest.mark.parametrize("engine", [PlainSupernet, FastSupernet])
def test_first_weights_have_the_range_of_one_convolution(engine: type[Supernet]) -> None:
    # torch's default, U(−1/√fan_in, 1/√fan_in), where the fan-in is that of one edge.
    torch.manual_seed(0)
    network = engine(channels=4, cells=1)
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    for conv in convolutions:
        assert conv.bias is None
        bound = conv.weight[0].numel() ** -0.5
        assert float(conv.weight.detach().abs().max()) <= bound
        if conv.weight.numel() >= 100:
            assert float(conv.weight.detach().abs().max()) > 0.9 * bound
    torch.manual_seed(0)
    again = engine(channels=4, cells=1).state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("kind", [FastSupernet, PlainSupernet])
def test_edge_weights_of_another_type_are_brought_to_the_images(kind: type[Supernet]) -> None:
    torch.manual_seed(0)
    network = kind(channels=2, cells=1, classes=3)
    x, beta = torch.randn(2, 3, 8, 8), torch.softmax(torch.randn(6, 5), -1)
    expected = network(x, beta)
    wide = beta.double().requires_grad_()
    for given in (wide, beta.numpy(), beta.tolist()):
        assert torch.equal(network(x, given), expected)
    network(x, wide).sum().backward()
    assert wide.grad is not None and wide.grad.dtype == torch.float64
    for wrong in (beta[:5], beta[0], "beta", None):
        with pytest.raises(UserError, match=r"edge weights are numbers \[6, 5\]"):
            network(x, wrong)
