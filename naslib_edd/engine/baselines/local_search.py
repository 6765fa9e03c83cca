"""Local search: from a random architecture always on to the best neighbour, until none is better.

Source: White, Nolen & Savani 2021, "Local Search is State of the Art for Neural Architecture Search
Benchmarks", Algorithm 1. Two architectures are neighbours if they differ in one operation: 24 each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from naslib_edd.engine.baselines.random_search import Proposals, numbered
from naslib_edd.spaces import Space


def neighbours(
    index: int, columns: Collection[int] | None = None, *, space: Space | None = None
) -> Iterator[int]:
    """The indices of the architectures that differ in one operation, edge by edge."""
    space, columns = numbered(space, columns)
    for arch in space.neighbours(space.numbered(index), columns):
        number = space.index(arch)
        assert number is not None
        yield number


def local_search(
    random: np.random.Generator,
    columns: Collection[int] | None = None,
    *,
    space: Space | None = None,
) -> Proposals:
    """Local search that starts anew where no neighbour is better, from one not looked up yet.

    The neighbours of an architecture are looked up in a random order, all of them before the next
    move; those known already are not asked for again, but may be moved to.
    """
    known: dict[int, float] = {}
    space, columns = numbered(space, columns)
    inside = space.made_of(columns)
    for first in random.permutation(len(inside)):
        if int(first) in known or not inside[first]:
            continue
        current = int(first)
        known[current] = yield current
        while True:
            around = [
                int(index)
                for index in random.permutation(list(neighbours(current, columns, space=space)))
            ]
            for index in around:
                if index not in known:
                    known[index] = yield index
            best = max(around, key=known.__getitem__)
            if known[best] <= known[current]:
                break
            current = best
