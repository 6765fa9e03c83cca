"""Drop path: the twins under the same masks, RobustDARTS' own cell, the draw and its state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.twins import plain_twin_of
from naslib_edd.supernet.drop_path import DropPath

Twins = tuple[PlainSupernet, FastSupernet]
MakeTwins = Callable[..., Twins]
DrawBatch = Callable[..., tuple[Tensor, Tensor, Tensor]]
EXACT = {"rtol": 1e-9, "atol": 1e-10}


def drop_path(*, largest: float = 0.4, epochs: int = 5, seed: int = 0) -> DropPath:
    found = DropPath(largest=largest, epochs=epochs, generator=torch.Generator().manual_seed(seed))
    found.begin_epoch(epochs - 1)
    return found


class Given(DropPath):
    """The factors that it is given, for every cell."""

    def __init__(self, factors: Tensor) -> None:
        super().__init__(largest=0.5, epochs=1, generator=torch.Generator())
        self.probability, self.given = 0.5, factors

    def factors(self, x: Tensor, edges: int) -> Tensor:
        assert self.given.shape == (edges, len(x))
        return self.given[:, :, None, None, None]


@pytest.mark.parametrize("layout", ["contiguous_format", "channels_last"])
def test_twins_are_equal_under_the_same_masks(
    layout: str, make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    images, labels, beta = draw_batch(10, batch=5)
    twins = make_twins(channels=4, cells=2, classes=10)
    scores, of_beta, of_images = [], [], []
    for network in twins:
        network.drop_path = drop_path()
        network.to(memory_format=getattr(torch, layout))
        x, weights = images.clone().requires_grad_(), beta.clone().requires_grad_()
        out = network(x.contiguous(memory_format=getattr(torch, layout)), weights)
        F.cross_entropy(out, labels).backward()
        scores.append(out.detach())
        of_beta.append(weights.grad)
        of_images.append(x.grad)
    torch.testing.assert_close(scores[1], scores[0], **EXACT)
    torch.testing.assert_close(of_beta[1], of_beta[0], **EXACT)
    torch.testing.assert_close(of_images[1], of_images[0], **EXACT)
    plain, fast = twins
    grads = {name: p.grad for name, p in plain.named_parameters()}
    for target, source in zip(fast.parameters(), list(fast.parameters()), strict=True):
        assert source.grad is not None
        target.data.copy_(source.grad)
    for name, parameter in plain_twin_of(fast).named_parameters():
        torch.testing.assert_close(parameter.detach(), grads[name], **EXACT, msg=name)


def test_one_factor_for_all_images_is_a_factor_of_beta(
    make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    images, _, beta = draw_batch(4)
    factor = torch.tensor([0.0, 2.0, 1.0, 0.5, 1.5, 0.0], dtype=torch.float64)
    for network in make_twins(channels=2, cells=2, classes=4):
        wanted = network(images, beta * factor[:, None])
        network.drop_path = Given(factor[:, None].expand(6, len(images)))
        torch.testing.assert_close(network(images, beta), wanted, **EXACT)


def test_an_image_whose_edges_are_all_dropped_passes_nothing(
    make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    factors = torch.ones(6, 3, dtype=torch.float64)
    factors[:, 1] = 0
    x = torch.randn(3, 2, 4, 4, dtype=torch.float64)
    plain, fast = make_twins(channels=2, cells=1, classes=4)
    beta = draw_batch(4)[2]
    groups = [beta[list(rows)].unbind(1) for rows in ((0, 1, 3), (2, 4), (5,))]
    for cell, weights in ((plain.search_cells()[0], beta), (fast.search_cells()[0], groups)):
        out = cell(x, weights, Given(factors))
        assert not out[1].any() and out[0].any() and out[2].any()


def test_only_training_drops_and_only_with_a_probability(
    make_twins: MakeTwins, draw_batch: DrawBatch
) -> None:
    images, _, beta = draw_batch(4)
    for network in make_twins(channels=2, cells=1, classes=4):
        state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        wanted = network(images, beta)
        network.load_state_dict(state)
        network.drop_path = drop_path()
        before = network.drop_path.generator.get_state()
        network.drop_path.begin_epoch(0)
        assert torch.equal(network(images, beta), wanted)  # p = 0: bit for bit
        network.load_state_dict(state)
        network.drop_path.begin_epoch(4)
        evaluated = network.eval()(images, beta)
        network.discretised(images, (3,) * 6, "batch")
        assert torch.equal(network.drop_path.generator.get_state(), before)
        assert not torch.equal(network.train()(images, beta), wanted)
        network.load_state_dict(state)
        network.drop_path = None
        assert torch.equal(network.eval()(images, beta), evaluated)


def test_nodes_are_the_release_s() -> None:
    golden = np.load(Path(__file__).parents[2] / "golden" / "r_darts.npz")
    mixed, masks = torch.tensor(golden["mixed"]), torch.tensor(golden["masks"])
    drop = drop_path(largest=float(golden["probability"]))
    # Our factors for the masks that the release drew: one an edge and image.
    drawn = (~masks).float() * 0.999  # below `keep` where kept, above it where not
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "rand", lambda *shape, generator: drawn.reshape(shape))
        factors = drop.factors(mixed[0], len(mixed))
    for node, wanted in enumerate(golden["nodes"]):
        edges = golden["targets"] == node
        found = (factors[edges] * mixed[edges]).sum(0)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    assert 0 < masks.float().mean() < 1 and len(masks) == len(mixed) == 9


def test_the_schedule_is_the_release_s() -> None:
    drop = drop_path(largest=0.6, epochs=50)
    for epoch in range(50):
        drop.begin_epoch(epoch)
        assert drop.probability == pytest.approx(0.6 * epoch / (50 - 1))
    drop.begin_epoch(60)
    assert drop.probability == 0.6
    assert drop_path(epochs=1).probability == 0


def test_the_draw_has_the_probability_and_the_mean_one() -> None:
    drop = drop_path(largest=0.3)
    x = torch.empty(2000, 1, dtype=torch.float64)
    factors = drop.factors(x, 6)
    assert factors.shape == (6, 2000, 1, 1, 1) and factors.dtype == torch.float64
    assert sorted(factors.unique().tolist()) == pytest.approx([0.0, 1 / 0.7])
    assert float((factors == 0).double().mean()) == pytest.approx(0.3, abs=0.015)
    # Edges and images are independent of each other.
    rows = factors.flatten(1)
    assert all(not torch.equal(rows[0], row) for row in rows[1:])


def test_the_state_is_the_generator_s() -> None:
    drop, other, x = drop_path(seed=1), drop_path(seed=2), torch.empty(8, 1)
    drop.factors(x, 6)
    state = drop.state_dict()
    wanted = drop.factors(x, 6)
    other.load_state_dict(state)
    assert torch.equal(other.factors(x, 6), wanted)
