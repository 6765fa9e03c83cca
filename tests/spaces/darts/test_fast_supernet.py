"""The fast search network of the DARTS space against the plain one, in float64."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from darts_nets import EXACT, SPACES, drawn, norms, twins
from torch import Tensor, nn

from naslib_edd.spaces.darts.layout import DARTS, LAYOUTS
from naslib_edd.supernet.native import kernels, taking

NATIVE = pytest.param(
    True, marks=pytest.mark.skipif(kernels() is None, reason="no C++ kernels here")
)
SIZES: list[dict[str, Any]] = [
    {"channels": 4, "cells": 4},
    {"channels": 16, "cells": 1},
    {"channels": 3, "cells": 2},
    {"channels": 4, "cells": 3, "partial": 2},
    {"channels": 16, "cells": 2, "partial": 4},
    {"channels": 2, "cells": 2, "running": False},
]


def outcome(network: nn.Module, images: Tensor, labels: Tensor, beta: Tensor) -> dict[str, Tensor]:
    """Scores, and gradients of the images, β and each weight."""
    x, weights = images.clone().requires_grad_(), beta.clone().requires_grad_()
    scores = network(x, weights)
    named = dict(network.named_parameters())
    loss = F.cross_entropy(scores, labels)
    # In a network of reduce cells alone β of the normal ones has no gradient.
    gradients = torch.autograd.grad(loss, [x, weights, *named.values()])
    return dict(zip(["scores", "x", "beta", *named], [scores.detach(), *gradients], strict=True))


def check(
    plain: nn.Module,
    fast: nn.Module,
    batch: tuple[Tensor, Tensor, Tensor],
    *,
    every: bool = False,
) -> None:
    """Both give the same; with ``every``, each weight has a gradient, too."""
    wanted, found = outcome(plain, *batch), outcome(fast, *batch)
    assert wanted.keys() == found.keys()
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor, **EXACT, msg=name)
        assert tensor.any() or not every, name
    after = fast.state_dict()
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(after[name], tensor, **EXACT, msg=name)


@pytest.mark.parametrize("native", [False, NATIVE])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_scores_gradients_statistics(size: dict[str, Any], native: bool) -> None:
    with taking(native):
        check(*twins(**size), drawn(edges="partial" in size), every=True)


@pytest.mark.parametrize("native", [False, NATIVE])
@pytest.mark.parametrize("name", SPACES)
def test_every_space(name: str, native: bool) -> None:
    layout = LAYOUTS[name]
    plain, fast = twins(layout, channels=4, cells=3)
    images, labels, beta = drawn(layout)
    with taking(native):
        found = []
        for network in (plain, fast):
            torch.manual_seed(0)  # of noise
            found.append(outcome(network, images, labels, beta))
    for key, tensor in found[0].items():
        torch.testing.assert_close(found[1][key], tensor, **EXACT, msg=key)


@pytest.mark.parametrize("native", [False, NATIVE])
@pytest.mark.parametrize("partial", [1, 2])
def test_rows_that_are_gone_and_sides_that_are_odd(partial: int, native: bool) -> None:
    plain, fast = twins(channels=4, cells=3, partial=partial)
    images, labels, beta = drawn(edges=partial > 1, size=11)
    beta[torch.arange(0, 28, 3)] = 0.0
    with taking(native):
        check(plain, fast, (images, labels, beta))


@pytest.mark.parametrize("native", [False, NATIVE])
def test_only_what_is_wanted(native: bool) -> None:
    """The logits' step has frozen weights, the weights' step a β without a gradient."""
    images, labels, beta = drawn()
    with taking(native):
        found = []
        for network in twins(channels=4, cells=3):
            parameters = list(network.parameters())
            for parameter in parameters:
                parameter.requires_grad_(False)
            leaf = beta.clone().requires_grad_()
            loss = F.cross_entropy(network(images, leaf), labels)
            (of_beta,) = torch.autograd.grad(loss, leaf)
            for parameter in parameters:
                parameter.requires_grad_(True)
            loss = F.cross_entropy(network(images, beta), labels)
            found.append([of_beta, *torch.autograd.grad(loss, parameters)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, **EXACT)


@pytest.mark.parametrize("native", [False, NATIVE])
def test_they_stay_together_over_steps(native: bool) -> None:
    networks = twins(channels=4, cells=3)
    with taking(native):
        for network in networks:
            optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
            for seed in range(3):
                images, labels, beta = drawn(seed=seed)
                optimizer.zero_grad()
                F.cross_entropy(network(images, beta), labels).backward()
                optimizer.step()
    after = networks[1].state_dict()
    for name, tensor in networks[0].state_dict().items():
        torch.testing.assert_close(after[name], tensor, rtol=1e-7, atol=1e-8, msg=name)


@pytest.mark.skipif(kernels() is None, reason="no C++ kernels here")
def test_the_number_of_threads_changes_nothing() -> None:
    _, _, beta = drawn(batch=5)
    found = []
    before = torch.get_num_threads()
    for threads in (1, 3):
        _, fast = twins(channels=4, cells=2)
        torch.set_num_threads(threads)
        try:
            with taking(True):
                cell = next(iter(fast.search_cells()))
                s = torch.randn(5, 12, 8, 8, generator=torch.Generator().manual_seed(0)).double()
                # What PyTorch computes itself is not looked at: only the two inputs' own values.
                torch.set_num_threads(1)
                inputs = [one.detach().requires_grad_() for one in cell.states(s, s)]
                torch.set_num_threads(threads)
                cell.states = lambda *_, inputs=inputs: inputs  # type: ignore[method-assign]
                weights = list(cell.edges.parameters())
                out = cell(s, s, beta)
                found.append([out, *torch.autograd.grad(out.square().sum(), [*inputs, *weights])])
        finally:
            torch.set_num_threads(before)
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("native", [False, NATIVE])
def test_copies_and_pickles_of_one_in_use(native: bool) -> None:
    _, fast = twins(channels=4, cells=3)
    images, _, beta = drawn()
    with taking(native):
        fast(images, beta)
        # Of our own making, and read by nobody else.
        others = [copy.deepcopy(fast), pickle.loads(pickle.dumps(fast))]
        wanted = fast(images, beta)
        for other in others:
            assert torch.equal(other(images, beta), wanted)
            for name, tensor in fast.state_dict().items():
                assert torch.equal(other.state_dict()[name], tensor), name


def test_evaluation_is_the_plain_network() -> None:
    plain, fast = twins(channels=4, cells=3)
    images, labels, beta = drawn()
    for network in (plain, fast):
        network.eval()
    check(plain, fast, (images, labels, beta))
    leaf = beta.clone().requires_grad_()
    loss = F.cross_entropy(fast(images, leaf), labels)
    (first,) = torch.autograd.grad(loss, leaf, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), leaf)
    assert second.isfinite().all() and second.any()


def test_half_precision_runs_and_is_near() -> None:
    plain, fast = (network.float() for network in twins(channels=4, cells=3))
    images, _, beta = (tensor.float() for tensor in drawn())
    for network in (plain, fast):
        wanted = network(images, beta)
        network.autocast_to = torch.bfloat16
        torch.testing.assert_close(network(images, beta), wanted, rtol=0.2, atol=0.2)


def test_saved_memory_is_less_than_half() -> None:
    saved = []
    images, _, beta = drawn(batch=2, size=16)
    for network in twins(channels=8, cells=3):
        network.train()
        total: dict[int, int] = {}

        def keep(tensor: Tensor, total: dict[int, int] = total) -> Tensor:
            storage = tensor.untyped_storage()
            total[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            scores = network(images, beta.clone().requires_grad_())
        parameters = {p.untyped_storage().data_ptr() for p in network.parameters()}
        saved.append(sum(size for at, size in total.items() if at not in parameters))
        del scores
    assert 0 < saved[1] < saved[0] / 2


def test_both_have_the_same_weights_by_name() -> None:
    plain, fast = twins(DARTS, channels=2, cells=3)
    assert plain.state_dict().keys() == fast.state_dict().keys()
    assert len(norms(plain)) == len(norms(fast))
    assert [p.shape for p in plain.operation_weights()] == [
        p.shape for p in fast.operation_weights()
    ]


@pytest.mark.parametrize("native", [False, NATIVE])
@pytest.mark.parametrize("name", ["darts", "s1", "s4"])
def test_a_sampled_path(name: str, native: bool) -> None:
    layout = LAYOUTS[name]
    images, labels, _ = drawn(layout)
    generator = torch.Generator().manual_seed(2)
    for number in range(3):
        beta = torch.zeros(28, len(layout.operations), dtype=torch.float64)
        for row in range(28):
            columns = layout.columns(row)
            if row % 5 != number or number == 2:  # else the edge is gone
                drawn_one = torch.randint(len(columns), (), generator=generator)
                beta[row, columns[int(drawn_one)]] = 1.0
        if number == 2 and layout.none is not None:
            beta[:5] = 0.0
            beta[:5, layout.none] = 1.0  # nothing enters the first two nodes
        found = []
        with taking(native):
            for network in twins(layout, channels=4, cells=3):
                network.samples = True
                torch.manual_seed(0)  # of noise
                x, weights = images.clone().requires_grad_(), beta.clone().requires_grad_()
                loss = F.cross_entropy(network(x, weights), labels)
                wanted = [x, weights, *network.parameters()]
                gradients = torch.autograd.grad(
                    loss, wanted, allow_unused=True, materialize_grads=True
                )
                found.append([loss.detach(), *gradients, *network.state_dict().values()])
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, **EXACT)
