"""Edge weights that are a sample: which operation each edge has."""

from __future__ import annotations

from torch import Tensor


def one_hot_ops(weights: Tensor) -> tuple[int | None, ...] | None:
    """The operation on each edge of one-hot β, None where a row is all zeros; None: β is neither.

    Exactly one-hot: nothing else than that operation is then computed.
    """
    ops: list[int | None] = []
    for row in weights.detach().tolist():
        there = [place for place, value in enumerate(row) if value != 0.0]
        if len(there) > 1 or (there and row[there[0]] != 1.0):
            return None
        ops.append(there[0] if there else None)
    return tuple(ops)
