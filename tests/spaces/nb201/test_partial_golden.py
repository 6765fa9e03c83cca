"""Both twins of the partial-channel cell against two releases, run on small inputs.

The arrays are made by tests/golden/make/{pc_darts,partial_nb201}.py from checkouts of
yuhuixu1993/PC-DARTS (with edge weights) and xiangning-chen/DrNAS (NB201's cell, without).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from naslib_edd.relaxation import EdgeWeights, Softmax
from naslib_edd.spaces.nb201.encoding import CONV1, CONV3
from naslib_edd.spaces.nb201.fast_partial import FastPartialSupernet
from naslib_edd.spaces.nb201.partial import PlainPartialCell, PlainPartialSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain
from naslib_edd.supernet.base import Supernet

GOLDEN = Path(__file__).parents[2] / "golden"
EXACT = {"rtol": 1e-9, "atol": 1e-11}


def read(name: str) -> dict[str, Any]:
    with np.load(GOLDEN / f"{name}.npz") as arrays:
        return {
            key: str(value) if value.dtype.kind == "U" and not value.ndim else value
            for key, value in arrays.items()
        }


def networks(golden: dict[str, Any]) -> list[Supernet]:
    """Both twins, the first cell of each with the release's weights."""
    plain = PlainPartialSupernet(partial=4, channels=8, cells=1).double()
    cell = plain.search_cells()[0]
    assert isinstance(cell, PlainPartialCell)
    with torch.no_grad():
        for row in range(6):
            for op, name in ((CONV1, "conv1"), (CONV3, "conv3")):
                weight = torch.from_numpy(golden[f"cell_{name}"][row])
                cell.operations(row)[op].conv.weight.copy_(weight)
    return [
        plain,
        copy_from_plain(FastPartialSupernet(partial=4, channels=8, cells=1).double(), plain),
    ]


@pytest.mark.parametrize("twin", [0, 1])
@pytest.mark.parametrize("name", ["pc_darts", "partial_nb201"])
def test_the_cell_is_the_releases(name: str, twin: int, monkeypatch: pytest.MonkeyPatch) -> None:
    golden = read(name)
    network = networks(golden)[twin]
    cell = network.search_cells()[0]
    monkeypatch.setattr(network, "walk", lambda x, weights: cell(x, weights))  # this cell alone
    x, beta = (torch.from_numpy(golden[f"cell_{key}"]).requires_grad_() for key in ("x", "beta"))
    wanted: list[Tensor] = [x, beta]
    weights: Tensor = beta
    if name == "pc_darts":
        edges = torch.from_numpy(golden["cell_edge_weights"]).requires_grad_()
        weights = torch.cat([beta, edges[:, None]], 1)
        wanted.append(edges)
    out = network(x, weights)
    torch.testing.assert_close(out, torch.from_numpy(golden["cell_out"]), **EXACT)
    found = torch.autograd.grad(out, wanted, torch.from_numpy(golden["cell_cotangent"]))
    for key, gradient in zip(("of_x", "of_beta", "of_edge_weights"), found, strict=False):
        expected = torch.from_numpy(golden[f"cell_{key}"])
        assert expected.any()
        torch.testing.assert_close(gradient, expected, **EXACT, msg=key)


@pytest.mark.parametrize("name", ["pc_darts", "partial_nb201"])
def test_its_weights_gradients_are_the_releases(name: str) -> None:
    golden = read(name)
    plain = networks(golden)[0]
    cell = plain.search_cells()[0]
    assert isinstance(cell, PlainPartialCell)
    weights = torch.from_numpy(golden["cell_beta"])
    if name == "pc_darts":
        weights = torch.cat([weights, torch.from_numpy(golden["cell_edge_weights"])[:, None]], 1)
    out = cell(torch.from_numpy(golden["cell_x"]), weights)
    out.backward(torch.from_numpy(golden["cell_cotangent"]))
    for op, key in ((CONV1, "of_conv1"), (CONV3, "of_conv3")):
        found = torch.stack([cell.operations(row)[op].conv.weight.grad for row in range(6)])
        torch.testing.assert_close(found, torch.from_numpy(golden[f"cell_{key}"]), **EXACT)


def test_edge_weights_are_the_releases() -> None:
    golden = read("pc_darts")
    # Four nodes, entered by two edges, three, four, five.
    relaxation = EdgeWeights(
        operations=Softmax(), targets=[node for node in range(4) for _ in range(node + 2)]
    )
    for betas, edges in zip(golden["darts_betas"], golden["darts_edges"], strict=True):
        for row, wanted in zip(betas, edges, strict=True):
            logits = torch.cat([torch.zeros(14, 8), torch.from_numpy(row)[:, None]], 1).double()
            torch.testing.assert_close(
                relaxation.edge_weights(logits), torch.from_numpy(wanted), **EXACT
            )
            assert torch.equal(relaxation(logits, torch.tensor(0.01))[:, -1],
                               relaxation.edge_weights(logits))  # fmt: skip
