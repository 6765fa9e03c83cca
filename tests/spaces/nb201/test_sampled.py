"""A sampled path: the fast supernet against the plain one, and both against all operations."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, NONE, POOL, SKIP
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.sampled import sampled_ops
from naslib_edd.spaces.nb201.twins import plain_twin_of
from naslib_edd.supernet.base import Supernet
from naslib_edd.supernet.layers import evaluating

Twins = tuple[PlainSupernet, FastSupernet]
MakeTwins = Callable[..., Twins]
DrawBatch = Callable[..., tuple[Tensor, Tensor, Tensor]]

EXACT = {"rtol": 1e-9, "atol": 1e-10}
SIZE = {"channels": 2, "cells": 2, "classes": 3}
SPECIAL = [
    *((op,) * 6 for op in (NONE, SKIP, CONV1, CONV3, POOL)),
    (NONE, SKIP, CONV3, NONE, SKIP, NONE),  # nothing leads to node 1, which leads out
    (NONE, NONE, CONV1, NONE, CONV3, POOL),  # a cut cell with convolutions
    (CONV3, NONE, NONE, NONE, NONE, NONE),  # a dead end
    (CONV3, CONV1, POOL, CONV3, CONV1, CONV3),  # edges of one kernel that are no neighbours
]


def random_paths(count: int) -> list[tuple[int, ...]]:
    source = random.Random(4)
    return [tuple(source.randrange(5) for _ in range(6)) for _ in range(count)]


def one_hot(ops: tuple[int, ...]) -> Tensor:
    return F.one_hot(torch.tensor(ops), 5).double()


def weight_gradients(network: Supernet, gradients: tuple[Tensor, ...]) -> list[Tensor]:
    """In the plain twin's order."""
    if isinstance(network, PlainSupernet):
        return list(gradients)
    holder = FastSupernet(**SIZE).double()
    with torch.no_grad():
        for target, source in zip(holder.parameters(), gradients, strict=True):
            target.copy_(source)
    return [parameter.detach() for parameter in plain_twin_of(holder).parameters()]


def passed(
    network: Supernet, batch: tuple[Tensor, Tensor], beta: Tensor
) -> dict[str, list[Tensor]]:
    """Everything that one pass gives: scores, gradients, and the statistics it leaves behind."""
    network.samples = True
    images, labels = batch
    scores = network(images, beta)
    wanted = [*network.parameters(), *([beta] if beta.requires_grad else [])]
    loss = F.cross_entropy(scores, labels)
    gradients = torch.autograd.grad(loss, wanted, materialize_grads=True)
    count = len(list(network.parameters()))
    plain = plain_twin_of(network) if isinstance(network, FastSupernet) else network
    return {
        "scores": [scores.detach()],
        "weights": weight_gradients(network, gradients[:count]),
        "beta": list(gradients[count:]),
        "statistics": [buffer.clone() for buffer in plain.buffers()],
    }


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("of_beta", [True, False], ids=["both", "weights"])
def test_twins_agree(
    training: bool, of_beta: bool, make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    images, labels, _ = draw_batch(SIZE["classes"])
    for ops in [*SPECIAL, *random_paths(3)]:
        found = []
        for network in make_twins(**SIZE):
            network.train(training)
            beta = one_hot(ops).requires_grad_(of_beta)
            found.append(passed(network, (images, labels), beta))
        plain, fast = found
        assert len(plain["beta"]) == of_beta
        for name, tensors in plain.items():
            for one, other in zip(tensors, fast[name], strict=True):
                torch.testing.assert_close(other, one, **EXACT, msg=f"{name} of {ops}")


def test_the_value_is_that_of_all_operations(make_twins: MakeTwins, draw_batch: DrawBatch) -> None:
    images, _, _ = draw_batch(SIZE["classes"])
    for network in make_twins(**SIZE):
        network.eval()
        for ops in [*SPECIAL, *random_paths(4)]:
            beta = one_hot(ops)
            with torch.no_grad():
                network.samples = False
                whole = network(images, beta)
                network.samples = True
                torch.testing.assert_close(network(images, beta), whole, **EXACT)
                alone = network.discretised(images, ops, "running")
                torch.testing.assert_close(alone, whole, **EXACT)


def test_gradients_of_the_weights_are_those_of_all_operations(
    make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    images, labels, _ = draw_batch(SIZE["classes"])
    ops = (CONV3, SKIP, CONV1, POOL, CONV3, CONV3)
    for network in make_twins(**SIZE):
        network.eval()
        found = []
        for samples in (False, True):
            network.samples = samples
            loss = F.cross_entropy(network(images, one_hot(ops)), labels)
            found.append(
                torch.autograd.grad(loss, list(network.parameters()), materialize_grads=True)
            )
        for whole, sampled in zip(*found, strict=True):
            torch.testing.assert_close(sampled, whole, **EXACT)


def test_an_unsampled_weight_is_a_number_that_is_added(
    make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    # By differences: a sample's other weights, moved off 0, add themselves to the edge's output.
    images, labels, _ = draw_batch(SIZE["classes"])
    plain, fast = make_twins(**SIZE)
    ops = (CONV3, SKIP, NONE, CONV1, POOL, CONV3)
    beta = one_hot(ops).requires_grad_()

    def loss(network: Supernet, weights: Tensor) -> Tensor:
        with evaluating(network, "running"):
            return F.cross_entropy(network.sampled(images, weights, ops), labels)

    (fasts,) = torch.autograd.grad(loss(fast, beta), beta)
    step = 1e-6
    with torch.no_grad():
        for edge, op in [(0, NONE), (0, CONV3), (1, CONV1), (2, POOL), (4, SKIP), (5, CONV3)]:
            moved = torch.zeros_like(beta)
            moved[edge, op] = step
            slope = (loss(plain, beta + moved) - loss(plain, beta - moved)) / (2 * step)
            torch.testing.assert_close(fasts[edge, op], slope, rtol=1e-5, atol=1e-8)
    for edge, chosen in enumerate(ops):  # one slope for all that were not sampled on an edge
        others = [float(fasts[edge, op]) for op in range(5) if op != chosen]
        assert max(others) - min(others) < 1e-12
    assert fasts[2, NONE] == 0  # `none` was sampled there, and gives zeros


def test_a_soft_beta_takes_all_operations(make_twins: MakeTwins, draw_batch: DrawBatch) -> None:
    images, _, beta = draw_batch(SIZE["classes"])
    assert sampled_ops(beta) is None
    assert sampled_ops(one_hot(SPECIAL[-1])) == SPECIAL[-1]
    almost = one_hot(SPECIAL[-1])
    almost[3, 0] = 1e-12
    assert sampled_ops(almost) is None
    for network in make_twins(**SIZE):
        network.eval()
        whole = network(images, beta)
        network.samples = True
        assert torch.equal(network(images, beta), whole)


class Counting(torch.overrides.TorchFunctionMode):
    """Counts convolutions, pools included: on a CPU the fast pool is one."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        self.convolutions += func is torch.conv2d
        return func(*args, **(kwargs or {}))


def test_nothing_else_is_computed() -> None:
    network = FastSupernet(channels=2, cells=1, classes=3)
    network.samples = True
    images = torch.randn(2, 3, 8, 8)
    counts = {}
    for name, ops in {
        "skips": (SKIP,) * 6,
        "one": (SKIP, SKIP, SKIP, SKIP, SKIP, CONV3),
        "neighbours": (CONV3, CONV3, SKIP, CONV3, SKIP, SKIP),
        "pools": (POOL, POOL, SKIP, POOL, SKIP, SKIP),
    }.items():
        with Counting() as counting:
            network(images, one_hot(ops).float())
        counts[name] = counting.convolutions
    # Three cells: one more convolution each, also where three edges share it.
    assert {name: count - counts["skips"] for name, count in counts.items()} == {
        "skips": 0,
        "one": 3,
        "neighbours": 3,
        "pools": 3,
    }
