"""Which of the 15,625 architectures have to be trained: one for each of the 6,466 unique cells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_edd.spaces.nb201.encoding import (
    EDGES,
    NODES,
    NONE,
    Ops,
    all_ops,
    check_ops,
    unique_str,
)


class Classes(NamedTuple):
    """The space divided into cells of one :func:`~naslib_edd.spaces.nb201.encoding.unique_str`.

    representatives: index of the one architecture of each class that is trained, ascending. [6466]
    of: position in ``representatives`` of each architecture's class. [15625]
    """

    representatives: NDArray[np.int64]
    of: NDArray[np.int64]


@cache
def classes() -> Classes:
    """The classes; each is represented by its member with most ``none``, then of lowest index.

    That member has no operation that could be left out, so it is the cheapest to train.
    """
    names = [unique_str(ops) for ops in all_ops().tolist()]
    nones = (all_ops() == NONE).sum(axis=1)
    best: dict[str, int] = {}
    for index, name in enumerate(names):
        if name not in best or nones[index] > nones[best[name]]:
            best[name] = index
    representatives = np.array(sorted(best.values()), dtype=np.int64)
    position = {names[index]: number for number, index in enumerate(representatives.tolist())}
    return Classes(representatives, np.array([position[name] for name in names], dtype=np.int64))


def essential(ops: Sequence[int]) -> Ops:
    """The operations with ``none`` on every edge from which no path leads to the output.

    What is computed there changes nothing. (An edge from a node that no input reaches does stay: a
    convolution of zeros still gives the shift of its norm.)
    """
    checked = check_ops(ops)
    needed = {NODES - 1}
    # Every source has a lower number than its target, and edges are ordered by target.
    for (source, target), op in reversed(list(zip(EDGES, checked, strict=True))):
        if target in needed and op != NONE:
            needed.add(source)
    return tuple(
        op if target in needed else NONE for (_, target), op in zip(EDGES, checked, strict=True)
    )
