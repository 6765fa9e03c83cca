"""The search network of the DARTS space, module by module, against the papers' formula."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from darts_nets import EXACT, SPACES, Formula, drawn, twins

from naslib_edd.config.settings import SearchSettings
from naslib_edd.errors import UserError
from naslib_edd.spaces.darts.fast import FastDartsSupernet
from naslib_edd.spaces.darts.layout import DARTS, LAYOUTS
from naslib_edd.spaces.darts.operations import Noise
from naslib_edd.spaces.darts.plain import PlainDartsSupernet
from naslib_edd.spaces.darts.supernet import make_supernet
from naslib_edd.supernet.drop_path import DropPath
from naslib_edd.supernet.one_hot import one_hot_ops

SIZES = [
    {"channels": 4, "cells": 1},
    {"channels": 2, "cells": 5},
    {"channels": 4, "cells": 3, "partial": 2},
    {"channels": 8, "cells": 2, "partial": 4},
]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_papers_formula(size: dict[str, int]) -> None:
    plain, _ = twins(**size)
    images, labels, beta = drawn(edges="partial" in size)
    found = []
    for network in (plain, Formula(plain, **size)):
        x, weights = images.clone().requires_grad_(), beta.clone().requires_grad_()
        scores = network(x, weights)
        loss = F.cross_entropy(scores, labels)
        found.append([scores, *torch.autograd.grad(loss, [x, weights, *plain.parameters()])])
    assert len(found[0]) == len(list(plain.parameters())) + 3
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, **EXACT)
    assert not found[0][2][:, 0].any()  # none: no gradient
    kinds = [slice(14, 28), slice(0, 14)]
    assert [bool(found[0][2][rows].any()) for rows in kinds] == [True, size["cells"] > 2]


def test_where_cells_reduce_and_how_wide_they_are() -> None:
    for cells, reduce in ((8, [2, 5]), (20, [6, 13]), (3, [1, 2]), (2, [0, 1])):
        network = PlainDartsSupernet(DARTS, channels=2, cells=cells)
        found = [number for number, cell in enumerate(network.search_cells()) if cell.strided]
        assert found == reduce
        assert [c.channels for c in network.search_cells()][-1] == 8
    # The release's count at C = 16, 8 cells, 10 classes.
    count = sum(p.numel() for p in PlainDartsSupernet(DARTS).parameters())
    assert count == 1930618


@pytest.mark.parametrize("statistics", ["batch", "running"])
@pytest.mark.parametrize("partial", [1, 2])
def test_one_hot_beta_is_the_discretised_network(statistics: str, partial: int) -> None:
    plain, fast = twins(channels=4, cells=3, partial=partial)
    images, _, _ = drawn()
    generator = torch.Generator().manual_seed(3)
    for _ in range(3):
        ops: list[int | None] = torch.randint(8, (28,), generator=generator).tolist()
        of_edges = torch.rand(28, generator=generator).double()
        gone = torch.randperm(28, generator=generator)[:8].tolist()
        for row in gone:
            ops[row] = None
        beta = torch.zeros(28, 8 + (partial > 1), dtype=torch.float64)
        for row, op in enumerate(ops):
            if op is not None:
                beta[row, op] = 1.0
                beta[row, 8:] = of_edges[row]
        given = of_edges if partial > 1 else None
        for network in (plain, fast):
            before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
            found = network.discretised(images, ops, statistics, given)
            after = network.state_dict()
            assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
            network.train(statistics == "batch")
            with torch.no_grad():
                torch.testing.assert_close(found, network(images, beta), **EXACT)
            network.load_state_dict(before)


def test_a_node_that_nothing_enters_is_zero() -> None:
    plain, _ = twins(channels=2, cells=3)
    images, _, _ = drawn()
    ops: list[int | None] = [None] * 28
    assert torch.equal(plain.discretised(images, ops), plain.head.linear.bias.expand(3, -1))


def test_by_cell() -> None:
    plain, fast = twins(channels=2, cells=4)
    images, _, beta = drawn()
    other = drawn(seed=5)[2]
    for network in (plain, fast):
        same = network.by_cell(images, [beta] * 4)
        torch.testing.assert_close(same, network(images, beta), **EXACT)
        weights = [w.clone().requires_grad_() for w in (beta, beta, other, beta)]
        scores = network.by_cell(images, weights)
        assert network.cell_count == 4 and (scores - same).abs().max() > 1e-4
        gradients = torch.autograd.grad(scores.sum(), weights)
        rows = [bool(g[:14].any()) for g in gradients], [bool(g[14:].any()) for g in gradients]
        assert rows == ([True, False, False, True], [False, True, True, False])


@pytest.mark.parametrize("name", SPACES)
def test_edges_have_their_own_operations_only(name: str) -> None:
    layout = LAYOUTS[name]
    network = PlainDartsSupernet(layout, channels=2, cells=3)
    for cell in network.search_cells():
        for place, row in enumerate(cell.rows):
            assert len(cell.edges[place]) == len(layout.columns(row))  # type: ignore[arg-type]
    kernels = network.operation_weights()
    assert len({id(kernel) for kernel in kernels}) == len(kernels) > 0
    # No weight but stem's, preprocessing's and the head's is anything else's.
    rest = {id(p) for p in network.parameters()} - {id(kernel) for kernel in kernels}
    assert len(rest) == 3 + 3 * 2 + 2 + 1  # a FactorizedReduce behind the first reduce cell


def test_a_sample_computes_one_operation_an_edge() -> None:
    plain, fast = twins(channels=2, cells=3)
    images, labels, _ = drawn()
    ops = [(3 * row) % 8 for row in range(28)]
    one_hot = F.one_hot(torch.tensor(ops), 8).double()
    assert one_hot_ops(one_hot) == tuple(ops)
    assert one_hot_ops(0.5 * one_hot) is None and one_hot_ops(one_hot + 1) is None
    gone = one_hot.clone()
    gone[3] = 0
    assert one_hot_ops(gone) == (*ops[:3], None, *ops[4:])
    for network in (plain, fast):
        network.samples = True
        beta = one_hot.clone().requires_grad_()
        seen: list[int] = []
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(lambda *_, seen=seen: seen.append(1))
        scores = network(images, beta)
        parameters = list(network.parameters())
        loss = F.cross_entropy(scores, labels)
        of_beta, *rest = torch.autograd.grad(loss, [beta, *parameters], allow_unused=True)
        torch.testing.assert_close(scores, plain.discretised(images, ops, "batch"), **EXACT)
        assert sum(gradient is None for gradient in rest) > len(rest) // 2
        # The weight of what was not sampled: as of a number added to the edge's output.
        for row in range(28):
            others = [of_beta[row, op] for op in range(8) if op != ops[row]]
            assert all(torch.equal(other, others[0]) for other in others)
        assert of_beta.any() and len(seen) < 200


def test_drop_path_drops_whole_edges() -> None:
    images, _, beta = drawn()
    found = []
    for network in twins(channels=2, cells=3):
        drop = DropPath(largest=0.5, epochs=2, generator=torch.Generator().manual_seed(0))
        network.drop_path = drop
        torch.testing.assert_close(network(images, beta), network(images, beta), **EXACT)
        drop.begin_epoch(1)
        found.append(network(images, beta))
        with torch.no_grad():
            assert not torch.equal(found[-1], network(images, beta))
        network.eval()
        assert torch.equal(network(images, beta), network(images, beta))
    torch.testing.assert_close(*found, **EXACT)


def test_noise_is_the_same_in_evaluation_and_its_edge_has_a_gradient() -> None:
    layout = LAYOUTS["s4"]
    plain, fast = twins(layout, channels=2, cells=3)
    images, labels, beta = drawn(layout)
    found = []
    for network in (plain, fast):
        torch.manual_seed(4)
        weights = beta.clone().requires_grad_()
        loss = F.cross_entropy(network(images, weights), labels)
        (gradient,) = torch.autograd.grad(loss, weights)
        found.append(gradient)
        assert gradient[:, 0].all()
        network.eval()
        assert torch.equal(network(images, beta), network(images, beta))
    torch.testing.assert_close(*found, **EXACT)
    assert any(isinstance(module, Noise) for module in plain.modules())


def test_what_is_no_beta_is_refused() -> None:
    plain, _ = twins(channels=2, cells=1)
    images, _, beta = drawn()
    torch.testing.assert_close(plain(images, beta.float()), plain(images, beta.float().double()))
    torch.testing.assert_close(plain(images, beta.tolist()), plain(images, beta))
    for wrong in (beta[:14], beta[0], "beta", None, beta[:, :5]):
        with pytest.raises(UserError, match=r"edge weights are numbers \[28, 8\]"):
            plain(images, wrong)


def test_made_from_a_config() -> None:
    made = {}
    for kind in ("plain", "fast"):
        torch.manual_seed(0)
        search = SearchSettings(supernet=kind, channels=4, cells=3, partial_channels=2)
        made[kind] = make_supernet(search, layout=DARTS, classes=7)
    assert type(made["plain"]) is PlainDartsSupernet
    assert type(made["fast"]) is FastDartsSupernet
    for one, other in zip(made["plain"].parameters(), made["fast"].parameters(), strict=True):
        assert torch.equal(one, other)
    assert made["fast"].partial == 2 and made["fast"].head.linear.out_features == 7
    search = SearchSettings(channels=4, cells=3, partial_channels=4)
    with pytest.raises(UserError, match="two channels"):
        make_supernet(search, layout=DARTS, classes=7)
    search = SearchSettings(channels=4, cells=3, precision="bf16", relaxation="gumbel")
    network = make_supernet(search, layout=DARTS, classes=7)
    assert network.samples and network.autocast_to is torch.bfloat16
