"""Local search against its definition, followed from the outside."""

from __future__ import annotations

import numpy as np
import pytest

from naslib_edd.engine.baselines import local_search
from naslib_edd.engine.baselines.local_search import neighbours
from naslib_edd.spaces.nb201.encoding import SIZE, all_ops, index_to_ops


def test_neighbours_differ_in_one_operation() -> None:
    ops = all_ops()
    for index in (0, 1234, SIZE - 1):
        distance = (ops != ops[index]).sum(1)
        assert sorted(neighbours(index)) == np.flatnonzero(distance == 1).tolist()
        assert len(set(neighbours(index))) == 24


def test_a_single_peak_is_climbed_step_by_step() -> None:
    # The accuracy is how many operations agree with one architecture: from anywhere each move is
    # one operation closer, and 24 look-ups at most.
    peak = 4321
    values = (all_ops() == all_ops()[peak]).sum(1).astype(float)
    search = local_search(np.random.default_rng(3))
    asked = [next(search)]
    while peak not in asked:
        asked.append(search.send(float(values[asked[-1]])))
    first = int((all_ops()[asked[0]] != all_ops()[peak]).sum())
    assert first > 2
    assert len(asked) <= 1 + 24 * first
    assert set(asked[1:25]) == set(neighbours(asked[0]))


@pytest.mark.parametrize("seed", [0, 1])
def test_moves_to_the_best_neighbour_and_starts_anew(seed: int) -> None:
    values = np.random.default_rng(9).permutation(SIZE).astype(float)
    search = local_search(np.random.default_rng(seed))
    asked = [next(search)]
    while len(asked) < 1500:
        asked.append(search.send(float(values[asked[-1]])))
    assert len(set(asked)) == len(asked)  # none is paid for twice
    # The slow twin: where it must stand, by the definition, while the look-ups are read in order.
    known: set[int] = set()
    place, starts = 0, 0
    while True:
        current, starts = asked[place], starts + 1
        known.add(current)
        place += 1
        while True:
            missing = set(neighbours(current)) - known
            if place + len(missing) >= len(asked):
                assert starts > 2  # on random values a peak is soon reached
                return
            assert set(asked[place : place + len(missing)]) == missing
            known |= missing
            place += len(missing)
            best = max(neighbours(current), key=values.__getitem__)
            if values[best] < values[current]:
                break
            current = best


def test_every_architecture_is_found_in_the_end() -> None:
    values = np.array([sum(index_to_ops(index)) for index in range(SIZE)], dtype=float)
    search = local_search(np.random.default_rng(0))
    asked = [next(search)]
    while len(asked) < SIZE:
        asked.append(search.send(float(values[asked[-1]])))
    assert len(set(asked)) == SIZE
    with pytest.raises(StopIteration):
        search.send(0.0)
