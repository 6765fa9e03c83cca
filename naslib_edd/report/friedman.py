"""Many methods over the same seeds: Friedman's test, Nemenyi's distance, how stable ranks are.

Source: Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 2006, whose
blocks are data sets; here they are seeds. Kendall's W: Kendall and Babington Smith, 1939.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from naslib_edd.errors import UserError
from naslib_edd.report.statistics import LEVEL

_DRAWS = 5000

Ranks = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Friedman:
    """k methods ranked on each of N seeds; rank 1 is the best.

    Attributes:
        ranks: the mean rank of each method, [k].
        seeds: N.
        chi2, p: Friedman's statistic, corrected for ties, and its p (chi², k - 1).
        f, f_p: Iman and Davenport's less cautious F of the same ranks; None where F is infinite.
        critical: Nemenyi's distance of two mean ranks at :data:`LEVEL`.
        agreement: Kendall's W: 1 if every seed ranks the methods alike, 0 if none agrees.
        spearman: the mean rank correlation of two seeds' rankings.
        places: the 95 % bootstrap interval of each method's mean rank over seeds, [k, 2].
        first: how often each method is (or shares) the best in those bootstrap draws, [k].
    """

    ranks: Ranks
    seeds: int
    chi2: float
    p: float
    f: float | None
    f_p: float | None
    critical: float
    agreement: float
    spearman: float
    places: Ranks
    first: Ranks


def friedman(values: Sequence[Sequence[float]], *, seed: int = 0) -> Friedman:
    """Compare methods by their ranks on each seed.

    Args:
        values: [k methods, N seeds], larger is better.
        seed: of the bootstrap over seeds.

    Raises:
        UserError: fewer than three methods or two seeds, or what is no finite number.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 3 or table.shape[1] < 2:
        raise UserError("Friedman's test needs three methods or more, each with the same two seeds")
    if not np.isfinite(table).all():
        raise UserError("Friedman's test needs finite numbers")
    k, n = table.shape
    ranks = stats.rankdata(-np.round(table, 9), axis=0)
    chi2 = _chi2(ranks)
    agreement = chi2 / (n * (k - 1))
    rest = n * (k - 1) - chi2
    f = (n - 1) * chi2 / rest if rest > 1e-12 else None
    drawn = np.random.default_rng(seed).integers(n, size=(_DRAWS, n))
    means = ranks[:, drawn].mean(axis=2)
    best = means <= means.min(axis=0) + 1e-12
    return Friedman(
        ranks=ranks.mean(axis=1),
        seeds=n,
        chi2=chi2,
        p=float(stats.chi2.sf(chi2, k - 1)),
        f=f,
        f_p=None if f is None else float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))),
        critical=critical_distance(k, n),
        agreement=agreement,
        spearman=(n * agreement - 1) / (n - 1),
        places=np.quantile(means, [0.025, 0.975], axis=1).T,
        first=best.mean(axis=1),
    )


def critical_distance(methods: int, seeds: int, *, level: float = LEVEL) -> float:
    """Nemenyi: mean ranks further apart than this differ; q of the studentized range over √2."""
    q = float(stats.studentized_range.isf(level, methods, math.inf)) / math.sqrt(2)
    return q * math.sqrt(methods * (methods + 1) / (6 * seeds))


def cliques(ranks: Sequence[float], critical: float) -> list[tuple[int, int]]:
    """Runs of methods that cannot be told apart: first and last place in the order of ``ranks``.

    Args:
        ranks: mean ranks in ascending order.
        critical: :func:`critical_distance`.

    Returns:
        The maximal runs of two methods or more.
    """
    found: list[tuple[int, int]] = []
    for first in range(len(ranks)):
        last = max(
            place for place in range(first, len(ranks)) if ranks[place] - ranks[first] < critical
        )
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def _chi2(ranks: Ranks) -> float:
    """Friedman's statistic with the correction for ties; 0 where nothing differs at all."""
    k, n = ranks.shape
    spread = float(((ranks - (k + 1) / 2) ** 2).sum())
    if spread == 0:
        return 0.0
    between = float(((ranks.sum(axis=1) - n * (k + 1) / 2) ** 2).sum())
    return (k - 1) * between / spread
