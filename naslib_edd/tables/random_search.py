"""Random search in a table, without drawing: what to expect of the best of n look-ups."""

from __future__ import annotations

from functools import cache
from math import lgamma
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError
from naslib_edd.tables.ranking import rank_and_regret

Values = NDArray[np.floating]


class Expected(NamedTuple):
    """Expected values over all draws: of the architecture with the best validation accuracy.

    lookups: n. val, test: its accuracies, %. test_rank: 1 is the best. test_regret: percentage
    points below the table's best. better_than: % of the table whose test accuracy is lower.
    """

    lookups: int
    val: float
    test: float
    test_rank: float
    test_regret: float
    better_than: float


def expected(val: Values, test: Values, lookups: int) -> Expected:
    """Random search: draw n different architectures, keep the one of the best validation accuracy.

    Args:
        val, test: accuracies in %, NaN where unknown, [N]. Architectures without either are not
            drawn.
        lookups: n; all of them, if there are fewer.

    Raises:
        UserError: nothing to draw, or n below 1.
    """
    if lookups < 1:
        raise UserError(f"random search with {lookups} look-ups; it needs 1 or more")
    known = np.isfinite(val) & np.isfinite(test)
    if not known.any():
        raise UserError("no architecture has both accuracies: nothing to draw from")
    val, test = val[known].astype(np.float64), test[known].astype(np.float64)
    count = min(lookups, len(val))
    weights = chances(val, count)
    ranks, regrets = rank_and_regret(test)
    means = (float(weights @ each) for each in (val, test, ranks, regrets, better_than(test, test)))
    return Expected(count, *means)


def chances(val: Values, lookups: int) -> Values:
    """The chance of each architecture to be the best of n different ones drawn. [N], sum 1.

    Of N in ascending order, the i-th (from 1) is the best of n draws in C(i−1, n−1) of C(N, n)
    ways. Architectures of one accuracy share their chances evenly, as if a coin decided.
    """
    count = len(val)
    factorials = _log_factorials(count)
    before = np.arange(lookups - 1, count)  # of places below the n-th none can be the best
    by_place = np.zeros(count)
    logs = factorials[before] - factorials[lookups - 1] - factorials[before - lookups + 1]
    ways = factorials[count] - factorials[lookups] - factorials[count - lookups]
    by_place[before] = np.exp(logs - ways)
    order = np.argsort(val, kind="stable")
    _, group, sizes = np.unique(val[order], return_inverse=True, return_counts=True)
    shared = np.bincount(group, weights=by_place) / sizes
    found = np.empty(count)
    found[order] = shared[group]
    return found


def better_than(values: Values, of: Values | float) -> Values:
    """The part of all values [N], in %, that is lower than each of ``of``; shape as ``of``."""
    found: Values = 100 * np.searchsorted(np.sort(values), of, side="left") / len(values)
    return found


@cache
def _log_factorials(count: int) -> Values:
    """log 0!, log 1!, … log count!"""
    return np.array([lgamma(number + 1) for number in range(count + 1)])
