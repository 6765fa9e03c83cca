"""Random search: architectures in a random order, each once; the best one seen is the choice."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from naslib_edd.spaces.nb201 import SIZE

#: Yields the index of the architecture to look up next, and is sent its accuracy. None is yielded
#: twice; it ends when all are known.
Proposals = Generator[int, float, None]


def random_search(random: np.random.Generator) -> Proposals:
    """All architectures of NB201 in a random order."""
    for index in random.permutation(SIZE):
        yield int(index)
