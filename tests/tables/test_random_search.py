"""The closed form against every possible draw."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.tables.random_search import better_than, chances, expected
from naslib_edd.tables.ranking import rank_and_regret

VAL = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 4.0, 4.0])
TEST = np.array([2.0, 7.0, 1.0, 8.0, 2.5, 9.0, 4.0])


def drawn(lookups: int) -> np.ndarray:
    """Mean of (val, test, rank, regret, better than) over all draws; ties share a draw evenly."""
    ranks, regrets = rank_and_regret(TEST)
    facts = np.column_stack([VAL, TEST, ranks, regrets, better_than(TEST, TEST)])
    found = []
    for draw in itertools.combinations(range(len(VAL)), lookups):
        best = max(VAL[list(draw)])
        found.append(np.mean([facts[i] for i in draw if VAL[i] == best], axis=0))
    return np.mean(found, axis=0)


@pytest.mark.parametrize("lookups", range(1, 8))
def test_expectation_over_all_draws(lookups: int) -> None:
    found = expected(VAL, TEST, lookups)
    assert found.lookups == lookups
    assert np.allclose(found[1:], drawn(lookups))


@pytest.mark.parametrize("lookups", [1, 20, 5000, 15_625])
def test_chances_add_up(lookups: int) -> None:
    val = np.random.default_rng(0).integers(0, 1800, size=15_625) / 18
    weights = chances(val, lookups)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()


def test_one_draw_is_the_mean_and_all_draws_the_best() -> None:
    assert expected(VAL, TEST, 1).test == pytest.approx(TEST.mean())
    assert expected(VAL, TEST, 99).test == 2.5  # that of val 5
    assert expected(VAL, TEST, 99).lookups == len(VAL)


def test_unknown_architectures_are_not_drawn() -> None:
    val, test = np.append(VAL, [99.0, np.nan]), np.append(TEST, [np.nan, 99.0])
    assert np.allclose(expected(val, test, 3), expected(VAL, TEST, 3))


def test_nothing_to_draw() -> None:
    with pytest.raises(UserError, match="nothing to draw"):
        expected(np.array([np.nan]), np.array([1.0]), 1)
    with pytest.raises(UserError, match="needs 1 or more"):
        expected(VAL, TEST, 0)
