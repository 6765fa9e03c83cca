"""Architectures at random: an operation an edge, and the edges that a node keeps."""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.spaces.layout import Kept, Layout


def drawn(allowed: Tensor, layout: Layout, *, count: int, generator: torch.Generator) -> list[Kept]:
    """So many architectures, each edge's operation uniform over what is allowed.

    Args:
        allowed: bool [edges, operations]; an edge of which nothing is allowed is gone.
        layout: where a cell keeps some edges only, those are uniform, too, and none is `none`.
        count: how many.
        generator: a CPU generator, whatever the device.
    """
    chances = allowed.float().cpu()
    if layout.thinned and layout.none is not None:
        chances[:, layout.none] = 0.0
    there = chances.any(-1)
    chances[~there] = 1.0
    picked = torch.multinomial(chances, count, replacement=True, generator=generator)
    if not layout.thinned:
        return [tuple(ops) for ops in picked.T.tolist()]
    order = torch.rand(count, layout.edges, generator=generator).masked_fill(~there, 2.0).tolist()
    found: list[Kept] = []
    for places, ops in zip(order, picked.T.tolist(), strict=True):
        stay = {
            row
            for node, rows in layout.nodes.items()
            for row in sorted(rows, key=places.__getitem__)[: layout.keep(node)]
            if there[row]
        }
        found.append(tuple(op if row in stay else None for row, op in enumerate(ops)))
    return found
