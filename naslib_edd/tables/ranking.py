"""Where the accuracies of a column stand, as lists: indexing them is quicker than arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Values, ranks and regrets, None where unknown.
Scores = tuple[list[Any], list[Any], list[Any]]


def rank_and_regret(
    values: NDArray[np.floating],
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """Rank and regret of each accuracy.

    Args:
        values: accuracies in %, NaN where unknown. [N]

    Returns:
        Ranks [N]: 1 for the best, ties share the better rank, 0 where unknown. Regrets [N]: the
        best accuracy minus this one, NaN where unknown.
    """
    known = np.sort(values[np.isfinite(values)])
    # One more than the number of accuracies that are strictly greater.
    ranks = known.size - np.searchsorted(known, values, side="right") + 1
    ranks[~np.isfinite(values)] = 0
    best = known[-1] if known.size else np.nan
    return ranks, best - np.where(np.isfinite(values), values, np.nan)


def scores(values: NDArray[np.floating]) -> Scores:
    """Values, ranks and regrets of accuracies, as lists."""
    ranks, regrets = rank_and_regret(values)
    return known(values), [rank or None for rank in ranks.tolist()], known(regrets)


def score_of(values: NDArray[np.floating], index: int) -> tuple[Any, Any, Any]:
    """Value, rank and regret of one accuracy: the slow twin of :func:`scores`, quick for a few."""
    value = float(values[index])
    if not np.isfinite(value):
        return None, None, None
    with np.errstate(invalid="ignore"):
        rank = 1 + int((values > value).sum())
    return value, rank, float(np.nanmax(values) - value)


def known(values: NDArray[np.floating]) -> list[Any]:
    """The values as a list, None for what is not a finite number."""
    found: list[Any] = values.tolist()
    for index in np.flatnonzero(~np.isfinite(values)).tolist():
        found[index] = None
    return found
