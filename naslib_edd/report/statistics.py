"""What a difference between two methods' seeds is worth: interval, exact p, and what n allows.

Sources: exact two-sample permutation test of the difference of means and percentile bootstrap, both
SciPy's; Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 1979.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from naslib_edd.errors import UserError

#: The level below which a difference counts.
LEVEL = 0.05
#: Of the bootstrap, and of the permutation test where there are more permutations than this.
RESAMPLES = 20_000


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Mean of one sample minus the mean of another.

    Attributes:
        mean: the difference.
        low, high: the 95 % percentile bootstrap interval; None where a sample has one value.
        p: two-sided, of the permutation test: exact up to 20,000 permutations; None as above.
        smallest_p: the least p that samples of these sizes could give.
        sizes: of the two samples.
    """

    mean: float
    low: float | None
    high: float | None
    p: float | None
    smallest_p: float
    sizes: tuple[int, int]


def difference(one: Sequence[float], other: Sequence[float], *, seed: int = 0) -> Difference:
    """How far the mean of one sample [n] is from that of another [m], and how sure that is.

    Raises:
        UserError: a sample is empty, or holds what is no finite number.
    """
    samples = [np.asarray(sample, dtype=np.float64) for sample in (one, other)]
    if not all(len(sample) and np.isfinite(sample).all() for sample in samples):
        raise UserError("a difference needs two samples of finite numbers")
    sizes = len(samples[0]), len(samples[1])
    low = high = p = None
    if min(sizes) > 1:
        random = np.random.default_rng(seed)
        draws = [
            sample[random.integers(len(sample), size=(RESAMPLES, len(sample)))].mean(axis=1)
            for sample in samples
        ]
        low, high = (float(edge) for edge in np.quantile(draws[0] - draws[1], [0.025, 0.975]))
        p = _permutation_p(samples[0], samples[1], seed)
    return Difference(
        mean=float(samples[0].mean() - samples[1].mean()),
        low=low,
        high=high,
        p=p,
        smallest_p=smallest_p(*sizes),
        sizes=sizes,
    )


def smallest_p(n: int, m: int) -> float:
    """The least two-sided p of a permutation test of n against m values: 2 / C(n + m, n)."""
    return min(1.0, 2 / math.comb(n + m, n))


def holm(values: Sequence[float]) -> list[float]:
    """p-values adjusted for how many there are (Holm 1979), in the order given."""
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted, largest = [0.0] * len(values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - place) * values[index]))
        adjusted[index] = largest
    return adjusted


def verdict(found: Difference, adjusted: float, comparisons: int) -> str:
    """The adjusted p in words.

    Args:
        found: the difference.
        adjusted: its p after :func:`holm`.
        comparisons: how many were adjusted together.
    """
    if adjusted < LEVEL:
        return f"p = {adjusted:.3f}"
    if found.smallest_p * comparisons > LEVEL:
        return "n too small to tell"
    return f"p = {adjusted:.3f}, not distinguishable"


def _permutation_p(
    one: np.ndarray[tuple[int], np.dtype[np.float64]],
    other: np.ndarray[tuple[int], np.dtype[np.float64]],
    seed: int,
) -> float:
    def of_means(a: Sequence[float], b: Sequence[float], axis: int = -1) -> np.ndarray:
        return np.mean(a, axis=axis) - np.mean(b, axis=axis)

    permutations = math.comb(len(one) + len(other), len(one))
    found = stats.permutation_test(
        (one, other),
        of_means,
        n_resamples=np.inf if permutations <= RESAMPLES else RESAMPLES,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)
