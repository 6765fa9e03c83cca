"""Record rows as NumPy arrays, an entry an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd import spaces
from naslib_edd.errors import UserError
from naslib_edd.spaces import Layout
from naslib_edd.storage.record import Row

Series = NDArray[np.float64]


def series(rows: Sequence[Row], *path: str) -> Series:
    """One number of each row, [epochs]; NaN where a row has none.

    Args:
        rows: the record.
        path: the keys that lead to it, e.g. ``"table", "datasets", "cifar10", "test", "value"``.

    Raises:
        UserError: something else than a number or null is there.
    """
    values = np.full(len(rows), np.nan)
    for place, row in enumerate(rows):
        found: Any = row
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        if found is None:
            continue
        try:
            values[place] = found
        except (TypeError, ValueError):
            raise UserError(
                f"line {place + 1} of the record has {found!r} where {'.'.join(path)} should be a "
                "number; the file is damaged"
            ) from None
    return values


def edge_weights(rows: Sequence[Row], layout: Layout | None = None) -> Series:
    """β = softmax(A / t) of each epoch in float64, [epochs, edges, operations].

    A are the logits at the epoch's end and t its temperature, the pair whose entropy is recorded.

    Args:
        rows: the record.
        layout: of the search space, NAS-Bench-201's by default. β is 0 where an edge does not have
            an operation.

    Raises:
        UserError: logits that are not edges x operations finite numbers, or a t not above 0.
    """
    layout = layout or spaces.get("nasbench201").layout
    shape = (layout.edges, len(layout.operations))
    logits = np.empty((len(rows), *shape))
    for place, row in enumerate(rows):
        try:
            found = np.asarray(row["logits"], dtype=np.float64)
        except (KeyError, TypeError, ValueError):
            found = np.empty(0)
        if found.shape != shape or not np.isfinite(found).all():
            raise UserError(
                f"the record's line {place + 1} needs logits of {shape[0]} x {shape[1]} finite "
                "numbers (edges x operations); the file is damaged or of another search space"
            )
        logits[place] = found
    t = series(rows, "t")
    if not (t > 0).all():
        raise UserError(f"line {int(np.argmin(t > 0)) + 1} of the record needs a t above 0")
    scaled = logits / t[:, None, None]
    for edge, columns in enumerate(layout.choices or ()):
        scaled[:, edge, np.setdiff1d(np.arange(shape[1]), columns)] = -np.inf
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    beta: Series = powers / powers.sum(axis=-1, keepdims=True)
    return beta
