"""PC-DARTS' choice of edges: against the release's genotype(), on a stand-in, on NB301."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from naslib_edd.plugin import registry
from naslib_edd.plugin.adapter import Host, optimizer_class
from naslib_edd.plugin.layout import Edge, Layout
from naslib_edd.plugin.strongest import KEPT, strongest
from naslib_edd.relaxation import EdgeWeights, Softmax

GOLDEN = Path(__file__).parents[1] / "golden" / "pc_darts.npz"


def test_the_choice_is_the_releases_genotype() -> None:
    """tests/golden/make/pc_darts.py ran genotype() for three draws of both cells."""
    with np.load(GOLDEN) as golden:
        names = tuple("Zero" if n == "none" else str(n) for n in golden["primitives"])
        drawn = [(c, d) for c in ("normal", "reduce") for d in range(3)]
        moved = 0
        for cell, draw in drawn:
            number = ("normal", "reduce").index(cell)
            # In the order of the release: node by node, its inputs in order.
            edges = [Edge(cell, j, 2 + node, names) for node in range(4) for j in range(node + 2)]
            layout = Layout(edges)
            alphas, betas = (golden[f"darts_{k}"][draw][number] for k in ("alphas", "betas"))
            logits = torch.from_numpy(np.concatenate([alphas, betas[:, None]], 1))
            relaxation = EdgeWeights(operations=Softmax(), targets=layout.targets)
            kept = strongest(logits, relaxation=relaxation, layout=layout)
            found = {(edges[row].tail, edges[row].head, op) for row, op in kept.items()}
            genes = golden["darts_genes"][draw][number].tolist()
            wanted = {(2 + place // KEPT, j, op) for place, (op, j) in enumerate(genes)}
            assert found == wanted
            level = torch.cat([logits[:, :-1], torch.zeros(14, 1)], 1)
            moved += kept != strongest(level, relaxation=relaxation, layout=layout)
        assert moved  # the edge weights do count in these draws


def logits_that_part(optimizer: Any, node: Any) -> tuple[list[int], list[int]]:
    """Set logits so that the two rules differ at a node; the rows each of them keeps there.

    The edge weights favour the edges whose operations are weak.
    """
    layout = optimizer.layout
    names = layout.edges[0].operations
    convolution = next(k for k, name in enumerate(names) if "Conv" in name)
    rows = [row for row, target in enumerate(layout.targets) if target == node]
    with torch.no_grad():
        optimizer.logits.zero_()
        for place, row in enumerate(rows):
            optimizer.logits[row, convolution] = 2.0 - 0.1 * place
            if optimizer.logits.shape[1] > layout.operations:
                optimizer.logits[row, -1] = float(place)
    return rows[-KEPT:], rows[:KEPT]


@pytest.fixture
def make(standin: ModuleType) -> Callable[..., Any]:
    class TwoEdges(standin.Graph):  # type: ignore[misc, name-defined]
        """A stand-in that keeps two edges a node, by the logits of the operations."""

        def prepare_discretization(self) -> None:
            for tail in (2, 3, 4):
                inputs = [(edge, data) for edge, data in self.cells[0].items() if edge[1] == tail]
                for _, data in inputs:
                    data.alpha.data[1] = -torch.inf
                inputs.sort(key=lambda pair: -float(pair[1].alpha.softmax(-1).max()))
                for edge, _ in inputs[2:]:
                    for cell in self.cells:
                        del cell[edge]

    def build(method: str) -> Any:
        torch.manual_seed(0)
        host = Host(meta_optimizer=standin.MetaOptimizer, mixed_op=standin.MixedOp)
        optimizer = optimizer_class(method, "X", host)(epochs=2, seed=0)
        optimizer.adapt_search_space(TwoEdges(), "cifar10")
        return optimizer

    return build


def test_on_a_stand_in_that_keeps_two_edges(make: Callable[..., Any]) -> None:
    for method in ("pc_darts", "darts_v1"):
        optimizer = make(method)
        kept, by_operations = logits_that_part(optimizer, ("cell", 4))
        if method == "darts_v1":
            kept = by_operations
        before = optimizer.logits.detach().clone()
        final = optimizer.get_final_architecture()
        assert torch.equal(before, optimizer.logits)
        for cell in final.cells:
            wanted = {(optimizer.layout.edges[row].head, 4) for row in kept}
            assert {edge for edge in cell if edge[1] == 4} == wanted
            assert all("Conv" in cell[edge].op.get_op_name for edge in wanted)


@pytest.mark.naslib
@pytest.mark.parametrize("method", ["edd_pc_darts", "edd_darts"])
def test_on_nb301(method: str, naslib: SimpleNamespace) -> None:
    from naslib.search_spaces.nasbench301.conversions import convert_naslib_to_genotype

    optimizer = registry.get(method)(epochs=2)
    optimizer.adapt_search_space(naslib.spaces.NasBench301SearchSpace(auxiliary=False), "cifar10")
    layout = optimizer.layout
    node = layout.targets[-1]
    kept, by_operations = logits_that_part(optimizer, node)
    if method == "edd_darts":
        kept = by_operations
    before = optimizer.logits.detach().clone()
    genotype = convert_naslib_to_genotype(optimizer.get_final_architecture())
    assert torch.equal(before, optimizer.logits)
    cell = genotype.normal if node[0] == "normal_cell" else genotype.reduce
    # NB301 numbers the inputs of a node from 0, its graph from 1.
    assert {head for _, head in cell[-KEPT:]} == {layout.edges[row].head - 1 for row in kept}
    assert all("conv" in name for name, _ in cell[-KEPT:])
    if method == "edd_pc_darts":
        chosen = strongest(before, relaxation=optimizer.parts.relaxation, layout=layout)
        assert len(chosen) == 16
        for name, genes in (("normal_cell", genotype.normal), ("reduction_cell", genotype.reduce)):
            heads = [
                (layout.edges[row].tail, layout.edges[row].head - 1)
                for row in chosen if layout.edges[row].cell == name
            ]  # fmt: skip
            tails = sorted({tail for tail, _ in heads})
            wanted = [{h for t, h in heads if t == tail} for tail in tails]
            assert [{h for _, h in genes[2 * i : 2 * i + 2]} for i in range(4)] == wanted
