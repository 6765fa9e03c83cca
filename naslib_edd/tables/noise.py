"""How far a table's accuracies are chance: the spread over seeds, and how well seeds agree.

All of it is computed from the values of single seeds, [N, S], NaN where a seed is missing.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError

Values = NDArray[np.floating]


class Noise(NamedTuple):
    """What training again with other seeds would do to a table's mean accuracies.

    seeds: S, how many a mean is over. seed_std: standard deviation of one training, pooled over
    architectures, in percentage points. seed_std_top: of the better half only, between which a
    search has to choose. regret_band: 1.96·√(2/S)·seed_std_top: a difference of two means of the
    better half that is smaller may well be chance (95 %).
    """

    seeds: int
    seed_std: float
    seed_std_top: float
    regret_band: float


def noise(values: Values) -> Noise:
    """The noise of the means over seeds.

    Args:
        values: accuracies in %, [N, S], of architectures that were trained by themselves. Rows
            with a seed missing are left out.

    Raises:
        UserError: fewer than 2 seeds or 2 complete rows.
    """
    complete = _complete(values, seeds=2)
    count = complete.shape[1]
    variance = complete.var(axis=1, ddof=1)
    means = complete.mean(axis=1)
    top = float(np.sqrt(variance[means >= np.median(means)].mean()))
    band = 1.96 * float(np.sqrt(2 / count)) * top
    return Noise(count, float(np.sqrt(variance.mean())), top, band)


def reliability(values: Values) -> float:
    """Split-half reliability of the mean over all seeds: the rank correlation to expect of another.

    Spearman's correlation between the means of two halves of the seeds, averaged over all ways to
    halve them (an odd one is left out in turn), stepped up to all seeds by Spearman and Brown's
    formula k·r / (1 + (k − 1)·r) with k the seeds of the whole over those of a half.

    Args:
        values: as for :func:`noise`.

    Raises:
        UserError: fewer than 2 seeds or 2 complete rows.
    """
    complete = _complete(values, seeds=2)
    count = complete.shape[1]
    half = count // 2
    found = []
    for first in itertools.combinations(range(count), half):
        rest = [seed for seed in range(count) if seed not in first]
        for second in itertools.combinations(rest, half):
            if first < second:
                pair = complete[:, first].mean(axis=1), complete[:, second].mean(axis=1)
                found.append(spearman(*pair))
    return stepped_up(float(np.mean(found)), count / half)


def reliability_of_the_top(values: Values) -> float:
    """The same inside the better half, which is chosen by other seeds than those compared.

    (Chosen by the same seeds, lucky trainings would be in it for their luck, and the correlation
    too low.) Pairs of single seeds, the half chosen by the mean of all others, stepped up as in
    :func:`reliability`.

    Args:
        values: as for :func:`noise`.

    Raises:
        UserError: fewer than 3 seeds or 2 complete rows.
    """
    complete = _complete(values, seeds=3)
    count = complete.shape[1]
    found = []
    for pair in itertools.combinations(range(count), 2):
        others = [seed for seed in range(count) if seed not in pair]
        judged = complete[:, others].mean(axis=1)
        top = complete[judged >= np.median(judged)]
        found.append(spearman(top[:, pair[0]], top[:, pair[1]]))
    return stepped_up(float(np.mean(found)), count)


def spearman(first: Values, second: Values) -> float:
    """Spearman's rank correlation of two samples, each [N]."""
    from scipy.stats import spearmanr  # a second to import

    return float(spearmanr(first, second).statistic)


def stepped_up(correlation: float, factor: float) -> float:
    """Spearman and Brown: the reliability of a mean over ``factor`` times as many values."""
    return factor * correlation / (1 + (factor - 1) * correlation)


def _complete(values: Values, *, seeds: int) -> Values:
    if values.ndim != 2 or values.shape[1] < seeds:
        raise UserError(f"noise needs the values of {seeds} seeds or more, one a column")
    complete = values[np.isfinite(values).all(axis=1)].astype(np.float64)
    if len(complete) < 2:
        raise UserError("noise needs two architectures or more with a value of every seed")
    return complete
