"""Whether a cell has collapsed, so that nothing in it can learn."""

from __future__ import annotations

from collections.abc import Sequence

from naslib_edd.spaces.nb201.encoding import has_weights, is_connected


def warning_of(ops: Sequence[int]) -> str | None:
    """A sentence if the cell's output depends on no weight of the cell, else None.

    The known collapses of DARTS on NB201: all edges `skip_connect` (index 1835, 54.30 % on
    CIFAR-10), skips and pools alone (54.49 %), and `none` cutting the output off from the input.

    Args:
        ops: six operation ids.
    """
    if not is_connected(ops):
        return "the cell is cut off: no path without 'none' leads to its output"
    if not has_weights(ops):
        return (
            "no convolution lies on a path from the cell's input to its output: it copies and "
            "pools, and has no weights that could learn"
        )
    return None
