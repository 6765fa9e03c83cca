"""A pass of a supernet in which every cell has edge weights of its own."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from naslib_edd.spaces.nb201.skeleton import NB201Supernet
from naslib_edd.supernet.precision import autocast, wide


def by_cell(supernet: NB201Supernet, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """Class scores [B, classes] of images x [B, 3, H, W].

    Args:
        supernet: of either kind; drops no path here, and samples none.
        x: images.
        weights: edge weights [6, 5 (+ 1)] of each cell, the first stage's first. With the same for
            all cells this is ``supernet(x, weights)``.
    """
    left = iter(weights)
    with autocast(x, supernet.autocast_to):
        x = supernet.stem(x)
        for number, stage in enumerate(supernet.stages):
            if number:
                x = supernet.reductions[number - 1](x)
            for cell in stage:  # type: ignore[attr-defined]
                x = cell(x, supernet.prepared(next(left)))
    out: Tensor = supernet.head(wide(x))
    return out
