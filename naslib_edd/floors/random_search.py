"""Random search: architectures in a random order, each once; the best one seen is the choice."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from naslib_edd.spaces.nb201 import OPERATIONS, SIZE, all_ops

#: Yields the index of the architecture to look up next, and is sent its accuracy. None is yielded
#: twice; it ends when all are known.
Proposals = Generator[int, float, None]


#: The numbers of all operations.
ALL = range(len(OPERATIONS))


def searched(columns: Sequence[int]) -> NDArray[np.bool_]:
    """Which architectures are made of these operations alone, [15625]."""
    inside: NDArray[np.bool_] = np.asarray(np.isin(all_ops(), list(columns)).all(axis=1))
    return inside


def random_search(random: np.random.Generator, columns: Sequence[int] = ALL) -> Proposals:
    """All architectures of these operations in a random order."""
    inside = searched(columns)
    for index in random.permutation(SIZE):
        if inside[index]:
            yield int(index)
