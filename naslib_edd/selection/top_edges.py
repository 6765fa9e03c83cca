"""Discretise where a cell keeps only some of the edges that enter a node.

DARTS' rule: an edge is as strong as the largest weight among its operations but `none`, which is
left out of the choice, not of the softmax: an edge whose `none` weighs much is weak. Where edges
have weights of their own, PC-DARTS': operation weight × edge weight. Sources: Liu et al. 2019,
section 2.4; Xu et al. 2020, section 3.3, and genotype() of both releases.
"""

from __future__ import annotations

from torch import Tensor

from naslib_edd.relaxation.masked import masked_logits
from naslib_edd.spaces.layout import Kept, Layout


def top_edges(
    logits: Tensor, layout: Layout, *, allowed: Tensor, edge_weights: Tensor | None = None
) -> Kept:
    """The operation of each edge that is kept, None on the others.

    Args:
        logits: [edges, operations]. Their weights are taken at t = 1, for a small t rounds several
            of them to 1, and no order is left.
        layout: which node an edge enters, how many it keeps, which operation is `none`.
        allowed: bool, of the logits' shape; an edge of which nothing is allowed is gone.
        edge_weights: [edges], where edges have some.
    """
    logits, choosable = logits.detach(), allowed.clone()
    if layout.none is not None:
        choosable[:, layout.none] = False
    weights = masked_logits(logits, allowed).softmax(-1)
    if edge_weights is not None:
        weights = weights * edge_weights.detach()[:, None]
    strength, operations = weights.masked_fill(~choosable, -1.0).max(-1)
    there, best = choosable.any(-1).tolist(), operations.tolist()
    kept: list[int | None] = [None] * layout.edges
    for node, entering in layout.nodes.items():
        rows = [row for row in entering if there[row]]
        rows.sort(key=lambda row: -strength[row].item())  # stable: of equals the first
        for row in rows[: layout.keep(node)]:
            kept[row] = int(best[row])
    return tuple(kept)
