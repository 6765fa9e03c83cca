"""Local search: from a random architecture always on to the best neighbour, until none is better.

Source: White, Nolen & Savani 2021, "Local Search is State of the Art for Neural Architecture Search
Benchmarks", Algorithm 1. Two architectures are neighbours if they differ in one operation: 24 each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from naslib_edd.floors.random_search import ALL, Proposals, searched
from naslib_edd.spaces.nb201 import EDGES, SIZE, index_to_ops, ops_to_index


def neighbours(index: int, columns: Sequence[int] = ALL) -> Iterator[int]:
    """The indices of the architectures that differ in one operation, edge by edge."""
    ops = index_to_ops(index)
    for edge in range(len(EDGES)):
        for op in columns:
            if op != ops[edge]:
                yield ops_to_index((*ops[:edge], op, *ops[edge + 1 :]))


def local_search(random: np.random.Generator, columns: Sequence[int] = ALL) -> Proposals:
    """Local search that starts anew where no neighbour is better, from one not looked up yet.

    The neighbours of an architecture are looked up in a random order, all of them before the next
    move; those known already are not asked for again, but may be moved to.
    """
    known: dict[int, float] = {}
    inside = searched(columns)
    for first in random.permutation(SIZE):
        if int(first) in known or not inside[first]:
            continue
        current = int(first)
        known[current] = yield current
        while True:
            around = [
                int(index) for index in random.permutation(list(neighbours(current, columns)))
            ]
            for index in around:
                if index not in known:
                    known[index] = yield index
            best = max(around, key=known.__getitem__)
            if known[best] <= known[current]:
                break
            current = best
