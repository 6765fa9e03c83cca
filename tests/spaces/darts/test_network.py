"""One architecture's network: equal to the release's, and drop path and the auxiliary head.

The golden scores are those of quark0/darts' own networks (``cnn/model.py`` at f276dd3) in float64,
their weights and images filled by :func:`fill` and :func:`images`, 4 channels, 4 cells, 3 classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from naslib_edd.engine.baselines.proxies.nwot import agreement
from naslib_edd.errors import UserError
from naslib_edd.spaces.darts.genotype import Genotype
from naslib_edd.spaces.darts.network import DartsNetwork, FinalCell, reductions
from naslib_edd.spaces.darts.published import PUBLISHED
from naslib_edd.supernet.scores import ScoresAlone

# fmt: off
GOLDEN: dict[tuple[str, str], tuple[list[float], list[float], list[float]]] = {
    ("DARTS_V2", "cifar"): (
        [2.59223984492, 2.53384476858, 0.093997957114,
         1.96588947734, 2.55143041156, 0.72449083627],
        [5.91005571842, -9.26702233067, -6.33779227057,
         6.31299550729, -9.98993003827, -6.96270168037],
        [1.88803405354, 2.76616541373, 0.852929695285,
         1.88061239913, 2.76497061841, 0.860069901159]),
    ("DARTS_V2", "imagenet"): (
        [2.13714361536, 1.28832863257, 0.255697748575,
         2.25088616346, 1.92304828292, 0.291471115383],
        [1.28355625432, 1.62898338347, 1.86162444609,
         1.28507612758, 1.66547953099, 1.87131075579],
        [2.28945305889, -0.26341904473, -0.262144688209,
         2.3214810635, -0.389954225053, -0.323979589845]),
    ("PC_DARTS_cifar", "cifar"): (
        [2.20236023971, -1.01331503811, -0.351698969013,
         1.60412831143, -1.72810760513, 0.0781548972868],
        [6.42966220626, -9.1621669571, -6.82520279856,
         5.79301971353, -10.0969122725, -6.4755749014],
        [1.3531343863, -1.72295496654, 0.330362588961,
         1.35226198915, -1.72315331832, 0.331188261938]),
    ("PC_DARTS_cifar", "imagenet"): (
        [-1.13846990633, -1.48060671592, 2.87905495251,
         -0.39772101142, -2.0631492072, 2.0010811056],
        [1.25197388242, 1.69494860014, 1.91346151163,
         1.19893282852, 1.80955662253, 2.0016930871],
        [-0.225907027263, -0.741671603146, 2.14055720501,
         -0.20224891482, -0.715143367882, 2.12314814026]),
}
# fmt: on


def fill(parameters: Sequence[nn.Parameter]) -> None:
    """Weights that follow from a parameter's place alone."""
    with torch.no_grad():
        for place, parameter in enumerate(parameters):
            wave = torch.cos(torch.arange(parameter.numel(), dtype=torch.float64) * 0.37 + place)
            weight = parameter.ndim > 1
            values = wave * parameter[0].numel() ** -0.5 if weight else wave + 1
            parameter.copy_(values.reshape(parameter.shape))


def images(size: int) -> Tensor:
    count = 2 * 3 * size * size
    return torch.sin(torch.arange(count, dtype=torch.float64) * 0.11).reshape(2, 3, size, size)


def small(name: str = "DARTS_V2", **settings: Any) -> DartsNetwork:
    torch.manual_seed(0)
    settings = {"channels": 4, "cells": 4, "classes": 3, **settings}
    return DartsNetwork(genotype=PUBLISHED[name].genotype, **settings)


@pytest.mark.parametrize(("name", "stem"), sorted(GOLDEN))
def test_the_releases_network(name: str, stem: Any) -> None:
    network = small(name, stem=stem, auxiliary=True).double()
    named = dict(network.named_parameters())
    heads = ("auxiliary", "linear")
    fill([p for key, p in named.items() if not key.startswith(heads)])
    for head in heads:
        fill([p for key, p in named.items() if key.startswith(head)])
    x = images(32 if stem == "cifar" else 224)
    with torch.no_grad():
        scores, auxiliary = network(x)
        evaluated, nothing = network.eval()(x)
    assert nothing is None
    for found, wanted in zip((scores, auxiliary, evaluated), GOLDEN[name, stem], strict=True):
        golden = torch.tensor(wanted, dtype=torch.float64).reshape(2, 3)
        torch.testing.assert_close(found, golden, rtol=1e-9, atol=1e-9)


def test_a_cell_is_the_sum_of_its_pairs() -> None:
    pairs = PUBLISHED["PC_DARTS_cifar"].genotype.reduce
    torch.manual_seed(0)
    cell = FinalCell(
        pairs=pairs, concat=(2, 5), before_last=6, last=8, channels=4, halves=True,
        behind_reduction=True,
    ).double()  # fmt: skip
    before, last = torch.randn(2, 6, 16, 16).double(), torch.randn(2, 8, 8, 8).double()
    cell.eval()
    nodes = [cell.before(before), cell.last(last)]
    ops = list(cell.operations)
    for node in range(4):
        (_, one), (_, other) = pairs[2 * node], pairs[2 * node + 1]
        nodes.append(ops[2 * node](nodes[one]) + ops[2 * node + 1](nodes[other]))
    assert torch.equal(cell(before, last), torch.cat([nodes[2], nodes[5]], 1))
    assert cell(before, last).shape == (2, 8, 4, 4)


def test_the_places_of_reduce_cells() -> None:
    assert reductions(20) == (6, 13)
    assert reductions(14) == (4, 9)
    network = small(cells=8)
    sizes = []
    for cell in network.cells:
        cell.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[1:])))
    network(torch.randn(2, 3, 32, 32))
    assert sizes == [(16, 32, 32)] * 2 + [(32, 16, 16)] * 3 + [(64, 8, 8)] * 3


def test_other_outputs_and_noise() -> None:
    cells = PUBLISHED["DARTS_V2"].genotype
    odd = Genotype(
        normal=(("noise", 0), ("none", 1), *cells.normal[2:]), reduce=cells.reduce,
        normal_concat=(3, 4, 5),
    )  # fmt: skip
    network = DartsNetwork(genotype=odd, channels=4, cells=3, classes=3)
    assert network(torch.randn(2, 3, 32, 32))[0].shape == (2, 3)
    assert network(torch.randn(2, 3, 20, 20))[0].shape == (2, 3)


def test_drop_path_leaves_out_all_but_identities() -> None:
    network = small()
    network.drop_path = 1 - 1e-7
    x = torch.randn(2, 3, 32, 32)
    seen: list[tuple[Tensor, Tensor]] = []
    cell = network.cells[0]
    cell.register_forward_hook(lambda _, inputs, out: seen.append((inputs[0], out)))
    network(x)
    before = cell.before(seen[0][0])
    nodes = seen[0][1].chunk(4, 1)
    # DARTS_V2's normal cell: node 4 has an identity of input 0, node 5 has another.
    assert not nodes[0].any()
    assert not nodes[1].any()
    torch.testing.assert_close(nodes[2], before)
    torch.testing.assert_close(nodes[3], before)
    network.eval()
    assert network(x)[0].isfinite().all()


def test_drop_path_keeps_the_mean_and_follows_its_generator() -> None:
    network = small()
    network.drop_path = 0.3
    x = torch.randn(64, 3, 32, 32)
    factors = network._factors(x)
    assert factors is not None
    assert factors.shape == (4, 8, 64)
    assert sorted(factors.unique().tolist()) == pytest.approx([0.0, 1 / 0.7])
    assert float(factors.mean()) == pytest.approx(1, abs=0.05)
    outs = []
    for seed in range(2):
        network.generator = torch.Generator().manual_seed(5)
        torch.manual_seed(seed)
        outs.append(network(x[:4])[0])
    assert torch.equal(*outs)
    network.drop_path = 0.0
    assert not torch.equal(network(x[:4])[0], outs[0])


def test_the_auxiliary_head_knows_its_image_size() -> None:
    network = small(auxiliary=True)
    network(torch.randn(2, 3, 32, 32))
    with pytest.raises(UserError, match="8×8 features, not 4×4: images of 32 pixels"):
        network(torch.randn(2, 3, 16, 16))
    assert network.eval()(torch.randn(2, 3, 16, 16))[1] is None
    # Without the head, the same weights: the head's are drawn before the classifier's alone.
    plain = small()
    state = {k: v for k, v in network.state_dict().items() if not k.startswith("auxiliary")}
    plain.load_state_dict(state)


def test_scores_alone() -> None:
    network = small().eval()
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(ScoresAlone(network)(x), network(x)[0])


def test_nwot_sees_every_relu() -> None:
    network = small(cells=3)
    images = torch.randn(2, 3, 16, 16)
    kernel = agreement(network, images)
    seen = 0

    def count(x: Tensor, inplace: bool = False) -> Tensor:
        nonlocal seen
        seen += x[0].numel()
        return relu(x, inplace)

    relu = torch.nn.functional.relu
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.functional, "relu", count)
        network(images)
    assert seen > 0
    assert kernel.diagonal().tolist() == [seen, seen]
