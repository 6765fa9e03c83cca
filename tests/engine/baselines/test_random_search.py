"""Random search: every architecture once, in an order that the seed gives."""

from __future__ import annotations

import numpy as np

from naslib_edd.engine.baselines import Proposals, random_search
from naslib_edd.spaces.nb201.encoding import SIZE


def ask(proposals: Proposals, values: np.ndarray, count: int) -> list[int]:
    """The first ``count`` architectures that a search asks for."""
    asked = [next(proposals)]
    while len(asked) < count:
        asked.append(proposals.send(float(values[asked[-1]])))
    return asked


def test_each_once_and_by_the_seed_alone() -> None:
    values = np.zeros(SIZE)
    asked = ask(random_search(np.random.default_rng(0)), values, SIZE)
    assert sorted(asked) == list(range(SIZE))
    assert ask(random_search(np.random.default_rng(0)), values + 1, SIZE) == asked
    assert ask(random_search(np.random.default_rng(1)), values, 10) != asked[:10]
