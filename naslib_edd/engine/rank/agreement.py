"""How far two columns of accuracies agree on the order of cells, over all and at the top."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from naslib_edd.errors import UserError

#: The share of cells that counts as the top.
TOP = 0.1
_DRAWS = 500

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of n cells.

    Attributes:
        cells: n.
        kendall, spearman: τ-b and ρ over all; None where one column is constant.
        kendall_low, kendall_high: τ's 95 % percentile bootstrap interval over cells.
        top: how many cells the top tenth of the table's are, at least 2.
        kendall_top: τ-b among those.
        found_top: how many of them are in the supernet's top tenth; chance finds a tenth.
        chosen: the table's accuracy of the supernet's best cell, %; of equals, their mean.
        chosen_better_than: the share of the n cells that it is better than, %.
        mean, best: the table's accuracy of all n, mean and largest.
    """

    cells: int
    kendall: float | None
    spearman: float | None
    kendall_low: float | None
    kendall_high: float | None
    top: int
    kendall_top: float | None
    found_top: float
    chosen: float
    chosen_better_than: float
    mean: float
    best: float


def agreement(supernet: Sequence[float], table: Sequence[float], *, seed: int = 0) -> Agreement:
    """Compare accuracies with shared weights, [n], and the table's of the same cells, [n].

    Raises:
        UserError: fewer than three cells, or what is no finite number.
    """
    given = np.asarray(supernet, dtype=np.float64), np.asarray(table, dtype=np.float64)
    ours, theirs = given
    if len(ours) < 3 or len(ours) != len(theirs):
        raise UserError("a rank correlation needs three cells or more")
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        raise UserError("a rank correlation needs finite accuracies")
    n = len(ours)
    top = max(2, math.ceil(TOP * n))
    best = np.argsort(-theirs, kind="stable")[:top]
    random = np.random.default_rng(seed)
    draws = [_kendall(ours[chosen], theirs[chosen])
             for chosen in random.integers(n, size=(_DRAWS, n))]  # fmt: skip
    known = [value for value in draws if value is not None]
    low, high = np.quantile(known, [0.025, 0.975]) if known else (None, None)
    picked = float(theirs[ours == ours.max()].mean())
    return Agreement(
        cells=n,
        kendall=_kendall(ours, theirs),
        spearman=_known(stats.spearmanr(ours, theirs).statistic if _vary(ours, theirs) else None),
        kendall_low=_known(low),
        kendall_high=_known(high),
        top=top,
        kendall_top=_kendall(ours[best], theirs[best]),
        found_top=_found(ours, best, top),
        chosen=picked,
        chosen_better_than=float(100 * (theirs < picked).mean()),
        mean=float(theirs.mean()),
        best=float(theirs.max()),
    )


def _found(ours: Numbers, best: NDArray[np.intp], top: int) -> float:
    """How many of ``best`` are among the ``top`` largest; of equals at the edge their share."""
    edge = np.sort(ours)[::-1][top - 1]
    above, at = ours > edge, ours == edge
    share = (top - above.sum()) / at.sum()
    return float(above[best].sum() + share * at[best].sum())


def _kendall(one: Numbers, other: Numbers) -> float | None:
    return _known(stats.kendalltau(one, other).statistic) if _vary(one, other) else None


def _vary(one: Numbers, other: Numbers) -> bool:
    return bool(np.ptp(one) > 0 and np.ptp(other) > 0)


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
