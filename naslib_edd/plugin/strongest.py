"""Which edges a discretised cell keeps where a space keeps a few a node: on NB301 two.

NB301 itself goes by the largest weight among the edge's operations, in a softmax without `none`.
Where edges have weights of their own, PC-DARTS' rule holds: operation weight × edge weight, `none`
left out of the choice, not of the softmax. Source: Xu et al. 2020, section 3.3; the release's
genotype().
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.plugin.layout import ROW, ZEROS, Layout
from naslib_edd.relaxation import Relaxation

#: Edges that stay of those that enter one node.
KEPT = 2


def strongest(logits: Tensor, *, relaxation: Relaxation, layout: Layout) -> dict[int, int]:
    """The edges to keep and their operations, row → operation number.

    Args:
        logits: [edges, operations + 1], as they stand in the layout.
        relaxation: gives both weights, where edges have some. Those of the operations are taken at
            t = 1, for a small t rounds several of them to 1, and no order is left.
        layout: which node each edge enters, and which operation is `none`.
    """
    zeros = torch.tensor([[name in ZEROS for name in edge.operations] for edge in layout.edges])
    zeros = zeros.to(logits.device)
    edges = relaxation.edge_weights(logits)
    if edges is not None:
        weights = relaxation.expected(logits, torch.ones((), device=logits.device))
        weights = weights * edges[:, None]
    else:
        weights = logits.masked_fill(zeros, -torch.inf).softmax(-1)
    best, operations = weights.masked_fill(zeros, -1.0).max(-1)
    kept: dict[int, int] = {}
    for node in dict.fromkeys(layout.targets):
        rows = [row for row, target in enumerate(layout.targets) if target == node]
        rows.sort(key=lambda row: -best[row].item())  # stable: of equals the first
        kept |= {row: int(operations[row]) for row in rows[:KEPT]}
    return kept


def show_strongest(graph: Any, scope: Any, kept: dict[int, int]) -> None:
    """Write logits ``alpha`` into a graph by which a space keeps just these edges.

    A space asks which edge has the largest softmax entry: a peak at its operation on the edges to
    keep, a flat row on the others.
    """

    def show(edge: Any) -> None:
        if not edge.data.has(ROW):
            return
        row = edge.data[ROW]
        alpha = torch.zeros_like(edge.data.alpha)
        if row in kept:
            alpha[kept[row]] = 10.0
        edge.data.set("alpha", alpha, shared=True)

    graph.update_edges(show, scope=scope, private_edge_data=False)
