"""Exact rank tests of two samples, with ties, and how many seeds a difference asks for.

Searches of one method often end in the same cell, so ties are the rule here; the usual tables of
these tests hold without ties only. The null distributions below are counted, not approximated.

Sources: Wilcoxon, "Individual comparisons by ranking methods", Biometrics 1945; Mann and Whitney,
Ann. Math. Statist. 1947; Noether, "Sample size determination for some common nonparametric tests",
JASA 1987.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

#: Values up to which the distribution is counted; beyond, the normal approximation is as good.
COUNTED = 120
#: Two values nearer than this, in points of accuracy, are the same.
_TIE = 1e-9

Values = Sequence[float]


def mann_whitney(one: Values, other: Values) -> float:
    """Two-sided p of the rank sum of [n] against [m] values, exact up to 120 values, ties or not.

    Twice the smaller tail, over all ways to share the pooled values out.
    """
    n, pooled = len(one), _ranks([*one, *other])
    if len(pooled) > COUNTED:
        return float(stats.mannwhitneyu(one, other, method="asymptotic").pvalue)
    # ways[k, s]: how many choices of k of the values have the doubled rank sum s.
    ways = np.zeros((n + 1, int(pooled.sum()) + 1))
    ways[0, 0] = 1
    for rank in pooled:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank].copy()
    return _two_sided(ways[n], int(pooled[:n].sum()))


def wilcoxon(differences: Values) -> float:
    """Two-sided p of the signed ranks of [n] differences, exact up to 120, ties or not.

    Zeros are left out, as Wilcoxon does; 1 if nothing is left.
    """
    found = np.asarray(differences, dtype=np.float64)
    found = found[np.abs(found) > _TIE]
    if not len(found):
        return 1.0
    if len(found) > COUNTED:
        return float(stats.wilcoxon(found, method="approx", correction=True).pvalue)
    ranks = _ranks(list(np.abs(found)))
    ways = np.zeros(int(ranks.sum()) + 1)
    ways[0] = 1
    for rank in ranks:
        ways[rank:] += ways[: len(ways) - rank].copy()
    return _two_sided(ways, int(ranks[found > 0].sum()))


def smallest_p_paired(n: int) -> float:
    """The least two-sided p that the signed ranks of n pairs could give: 2 / 2ⁿ."""
    return min(1.0, 2.0 ** (1 - n))


def seeds_for_mann_whitney(
    one: Values, other: Values, *, level: float, power: float = 0.8
) -> int | None:
    """Seeds of each method that would show the difference seen with that power (Noether 1987).

    Never fewer than could be significant at all. None if neither sample tends to be larger.
    """
    a, b = np.asarray(one)[:, None], np.asarray(other)[None, :]
    larger = float(np.mean((a > b + _TIE) + 0.5 * (np.abs(a - b) <= _TIE)))
    total = _noether(larger, level, power)
    if total is None:
        return None
    least = next(n for n in range(2, 10_000) if 2 / math.comb(2 * n, n) <= level)
    return max(least, math.ceil(total / 2))


def seeds_for_wilcoxon(differences: Values, *, level: float, power: float = 0.8) -> int | None:
    """The same for pairs: from the share of positive sums of two differences (Noether 1987)."""
    found = np.asarray(differences, dtype=np.float64)
    first, second = np.triu_indices(len(found), k=1)
    sums = found[first] + found[second]
    if not len(sums):
        return None
    positive = float(np.mean((sums > _TIE) + 0.5 * (np.abs(sums) <= _TIE)))
    total = _noether(positive, level, power)
    if total is None:
        return None
    return max(math.ceil(1 + math.log2(1 / level) - 1e-9), math.ceil(total))


def _noether(share: float, level: float, power: float) -> float | None:
    """(z_{level/2} + z_power)² / (3 (share − 1/2)²); of two samples it is their sum."""
    effect = share - 0.5
    if abs(effect) < 1e-6:
        return None
    reach = stats.norm.isf(level / 2) + stats.norm.ppf(power)
    return float(reach**2 / (3 * effect**2))


def _ranks(values: Values) -> NDArray[np.int64]:
    """Twice the mid-ranks, so that they are whole; values nearer than a tie share theirs."""
    rounded = np.round(np.asarray(values, dtype=np.float64) / _TIE)
    doubled: NDArray[np.int64] = np.rint(2 * stats.rankdata(rounded)).astype(np.int64)
    return doubled


def _two_sided(ways: NDArray[np.float64], seen: int) -> float:
    total = ways.sum()
    tail = min(ways[: seen + 1].sum(), ways[seen:].sum())
    return float(min(1.0, 2 * tail / total))
