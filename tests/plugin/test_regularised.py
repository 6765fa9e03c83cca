"""Auxiliary skip, Beta-Decay and drop path on a host's graph: columns, epochs, state."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from naslib_edd.config.settings import SearchSettings
from naslib_edd.errors import UserError
from naslib_edd.plugin.adapter import Host, optimizer_class
from naslib_edd.plugin.layout import Edge, Layout
from naslib_edd.plugin.parts import Parts

Make = Callable[..., Any]


@pytest.fixture
def make(standin: ModuleType) -> Make:
    def build(method: str, **settings: Any) -> Any:
        torch.manual_seed(0)
        host = Host(meta_optimizer=standin.MetaOptimizer, mixed_op=standin.MixedOp)
        optimizer = optimizer_class(method, "X", host)(**{"epochs": 4, "seed": 0, **settings})
        optimizer.adapt_search_space(standin.Graph(), "cifar10")
        optimizer.before_training()
        return optimizer

    return build


def batch(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(4, 3, 6, 6, generator=generator)
    return images, torch.randint(10, (4,), generator=generator)


def train(optimizer: Any, first: int, last: int) -> None:
    for epoch in range(first, last):
        optimizer.new_epoch(epoch)
        for step in range(2):
            optimizer.step(batch(10 * epoch + step), batch(100 + 10 * epoch + step))
        optimizer.test_statistics()


def test_the_auxiliary_connection_is_the_graph_s_identity(make: Make) -> None:
    optimizer = make("darts_minus")
    optimizer.new_epoch(1)
    beta = optimizer.parts.relaxation(optimizer.logits, optimizer.t).detach()
    added = beta - torch.softmax(optimizer.logits.detach(), -1)
    names = optimizer.layout.edges[0].operations
    for column, name in enumerate(names):
        wanted = 0.75 if name == "Identity" else 0.0
        torch.testing.assert_close(added[:, column], torch.full((6,), wanted))
    row_before = optimizer.layout.written(beta)
    assert row_before[:, 1].min() > 0.75  # where it is written: NB201's column of skip_connect


def test_it_needs_an_identity_on_every_edge() -> None:
    operations = ("Zero", "Identity", "SepConv3x3")
    halving = ("Zero", "FactorizedReduce", "SepConv3x3")
    whole = Layout([Edge("normal", 1, 2, operations), Edge("normal", 1, 3, operations)])
    assert whole.skip == 1
    layout = Layout([Edge("normal", 1, 2, operations), Edge("reduction", 1, 2, halving)])
    assert layout.skip is None
    with pytest.raises(UserError, match="needs an identity on every edge, as on nasbench201"):
        Parts(search=SearchSettings(auxiliary_skip=1.0), layout=layout, seed=0)
    Parts(search=SearchSettings(), layout=layout, seed=0)


def test_schedules_are_told_the_epoch(make: Make) -> None:
    optimizer = make("beta_darts", auxiliary_skip=1.0, drop_path=0.3)
    for epoch in range(4):
        optimizer.new_epoch(epoch)
        (decay,) = optimizer.parts.regularisers
        assert decay.weight == pytest.approx(50 * epoch / 4)
        assert optimizer.parts.relaxation.weight == pytest.approx(1 - epoch / 4)
        assert optimizer.parts.drop_path.probability == pytest.approx(0.1 * epoch)


def test_edges_are_dropped_image_by_image(make: Make) -> None:
    optimizer = make("r_darts_dp", drop_path=0.9)
    optimizer.new_epoch(3)
    edge = optimizer.graph.cells[0][(1, 2)].op.train()
    x, weights = torch.randn(200, 8, 3, 3), torch.full((5,), 0.2)
    # The batch norm of a wide batch: the same whatever is dropped behind it.
    whole = edge.whole(x, weights)
    out = edge.apply_weights(x, weights)
    dropped = out.flatten(1).abs().sum(1) == 0
    assert 0.8 < dropped.float().mean() < 0.97
    torch.testing.assert_close(out[~dropped], 10 * whole[~dropped])
    assert torch.equal(edge.eval().apply_weights(x, weights), edge.whole(x, weights))


@pytest.mark.parametrize("method", ["darts_minus", "beta_darts", "r_darts_dp"])
def test_a_search_goes_on_from_its_state(method: str, make: Make) -> None:
    whole, first, second = make(method), make(method), make(method)
    train(whole, 0, 3)
    train(first, 0, 2)
    second.graph.load_state_dict(first.graph.state_dict())
    second.load_state(first.state())
    train(second, 2, 3)
    assert torch.equal(second.logits, whole.logits)
    for ours, theirs in zip(second.graph.parameters(), whole.graph.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_entropy_of_gates_is_that_of_normalised_gates(make: Make) -> None:
    optimizer = make("fair_darts", arch_init=1.0)
    gates = torch.sigmoid(optimizer.logits.detach())
    train(optimizer, 0, 1)
    gates = gates[optimizer.parts.allowed].reshape(6, 4)  # without `none`
    rows = gates / gates.sum(1, keepdim=True)
    entropy = float(-(rows * rows.log()).sum(1).mean())
    assert optimizer.history[0]["entropy"] == pytest.approx(entropy, abs=0.02)
