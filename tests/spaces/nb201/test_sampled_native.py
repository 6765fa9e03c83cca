"""A sampled cell on the C++ kernels beside PyTorch's passes, and what a sample costs a device."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from unittest.mock import patch

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.nb201 import fast
from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, NONE, POOL, SKIP
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.sampled_nodes import needed, used, zeros
from naslib_edd.supernet.native import kernels, taking
from naslib_edd.supernet.native.choice import VARIABLE
from naslib_edd.supernet.native.convolutions import ConvolutionKernels

#: Of the edges 1←0, 2←0, 2←1, 3←0, 3←1, 3←2.
SPECIAL = [
    (NONE,) * 6,
    (SKIP,) * 6,
    (CONV3,) * 6,
    (POOL,) * 6,
    (CONV1, NONE, CONV3, SKIP, NONE, NONE),  # nodes 1 and 2 lead nowhere, their norms see them
    (SKIP, NONE, CONV1, SKIP, NONE, NONE),
    (NONE, NONE, CONV3, SKIP, CONV1, POOL),  # nodes 1 and 2 are zero
    (NONE, CONV3, SKIP, NONE, CONV3, CONV3),
    (CONV3, CONV3, CONV1, CONV3, NONE, SKIP),
    (NONE, NONE, NONE, SKIP, NONE, NONE),  # the output is the input
]


@pytest.fixture(autouse=True)
def needs_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)  # it would stand above what a test takes
    if kernels() is None:
        pytest.skip("the kernels could not be built here: no C++ compiler")


@pytest.fixture
def cells() -> Iterator[list[tuple[int, ...]]]:
    """The paths of the cells that ran on the kernels."""
    ran: list[tuple[int, ...]] = []
    real = fast.cell_along  # type: ignore[attr-defined]

    def noted(x: Tensor, ops: tuple[int, ...], *rest: object) -> Tensor:
        ran.append(ops)
        return real(x, ops, *rest)  # type: ignore[arg-type]

    with patch.object(fast, "cell_along", noted):
        yield ran


def paths() -> list[tuple[int, ...]]:
    source = random.Random(2)
    dense = [tuple(source.randrange(5) for _ in range(6)) for _ in range(30)]
    return (
        SPECIAL
        + dense
        + [tuple(source.choice([0, 0, 1, 2, 3, 4]) for _ in range(6)) for _ in range(20)]
    )


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("wanted", ["both", "weights", "beta"])
def test_equal_to_pytorch_s_passes(
    wanted: str,
    ours: bool,
    cells: list[tuple[int, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = {3: "winograd", 1: "pointwise"} if ours else {}
    monkeypatch.setattr(
        ConvolutionKernels, "_ours", lambda _, __, kernel: names.get(kernel.shape[-1])
    )
    torch.manual_seed(0)
    network = FastSupernet(channels=3, cells=2, classes=4).double()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.samples = True
    images = torch.randn(3, 3, 8, 8, dtype=torch.float64)
    images = images.contiguous(memory_format=torch.channels_last)
    labels, held = torch.tensor([0, 1, 3]), copy.deepcopy(network.state_dict())
    for parameter in network.parameters():
        parameter.requires_grad_(wanted != "beta")
    for ops in paths():
        found = []
        for on in (True, False):
            network.load_state_dict(held)
            beta = F.one_hot(torch.tensor(ops), 5).double().requires_grad_(wanted != "weights")
            with taking(on):
                scores = network(images, beta)
                of = [one for one in (*network.parameters(), beta) if one.requires_grad]
                gradients = torch.autograd.grad(
                    F.cross_entropy(scores, labels), of, allow_unused=True, materialize_grads=True
                )
            statistics = [one.clone() for one in network.buffers() if one.is_floating_point()]
            found.append([scores.detach(), *gradients, *statistics])
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10, msg=f"{ops}")
    assert cells == [ops for ops in paths() for _ in range(6)]


def test_the_kernels_are_for_training_in_full_precision(cells: list[tuple[int, ...]]) -> None:
    network = FastSupernet(channels=2, cells=1, classes=3)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.samples = True
    images = torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    beta = F.one_hot(torch.tensor(SPECIAL[2]), 5).float()
    network.eval()(images, beta)
    network.train()
    network.autocast_to = torch.bfloat16
    network(images, beta)
    assert not cells
    network.autocast_to = None
    network(images, beta)
    assert len(cells) == 3


def test_which_nodes_count() -> None:
    assert zeros(SPECIAL[6]) == (False, True, True, False)
    assert used(SPECIAL[4]) == (True, False, False, True)
    # Node 1's value goes into a norm's statistics, and into nothing else; node 2's nowhere.
    assert needed(SPECIAL[4], used(SPECIAL[4])) == (True, True, False, True)
    assert needed(SPECIAL[5], used(SPECIAL[5])) == (True, True, False, True)
    assert used(SPECIAL[0]) == (False, False, False, True)
    assert zeros(SPECIAL[0]) == (False, True, True, True)


def test_a_path_is_read_once() -> None:
    """A device is waited for once a sample: what else the cells need of it stays there."""
    network = FastSupernet(channels=2, cells=1, classes=3)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.samples = True
    images = torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    beta = F.one_hot(torch.tensor(SPECIAL[8]), 5).float().requires_grad_()
    read: list[str] = []

    def noting(name: str) -> object:
        real = getattr(Tensor, name)

        def method(tensor: Tensor, *rest: object) -> object:
            read.append(name)
            return real(tensor, *rest)

        return patch.object(Tensor, name, method)

    with noting("tolist"), noting("item"), noting("__bool__"), noting("__float__"):  # type: ignore[attr-defined]
        network(images, beta).sum().backward()
    assert read == ["tolist"]
