"""Random search: architectures in a random order, each once; the best one seen is the choice."""

from __future__ import annotations

from collections.abc import Collection, Generator

import numpy as np

from naslib_edd import spaces
from naslib_edd.spaces import Space

#: Yields the index of the architecture to look up next, and is sent its accuracy. None is yielded
#: twice; it ends when all are known.
Proposals = Generator[int, float, None]


def numbered(space: Space | None, columns: Collection[int] | None) -> tuple[Space, Collection[int]]:
    """The space and the operations that are meant where none are named."""
    space = space or spaces.get("nasbench201")
    return space, range(len(space.layout.operations)) if columns is None else columns


def random_search(
    random: np.random.Generator,
    columns: Collection[int] | None = None,
    *,
    space: Space | None = None,
) -> Proposals:
    """All architectures of these operations in a random order.

    Args:
        random: what draws the order.
        columns: the operations; all by default.
        space: one that numbers its architectures; NAS-Bench-201 by default.
    """
    space, columns = numbered(space, columns)
    inside = space.made_of(columns)
    for index in random.permutation(len(inside)):
        if inside[index]:
            yield int(index)
