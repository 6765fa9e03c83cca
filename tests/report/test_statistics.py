"""Intervals and p-values against enumeration by hand and SciPy's Mann-Whitney test."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from naslib_edd.errors import UserError
from naslib_edd.report.statistics import difference, holm, smallest_p, verdict


def by_enumeration(one: list[float], other: list[float]) -> float:
    """Twice the smaller tail of the difference of means over all splits of the pooled values."""
    pooled, n = np.array(one + other), len(one)
    seen = np.mean(one) - np.mean(other)
    splits = [list(split) for split in combinations(range(len(pooled)), n)]
    diffs = np.array([pooled[s].mean() - np.delete(pooled, s).mean() for s in splits])
    tails = (diffs >= seen - 1e-9).mean(), (diffs <= seen + 1e-9).mean()
    return float(min(1.0, 2 * min(tails)))


@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=5),
    st.lists(st.integers(0, 50), min_size=2, max_size=4),
)
def test_p_is_exact(one: list[int], other: list[int]) -> None:
    found = difference([float(v) for v in one], [float(v) for v in other])
    assert found.p is not None
    assert found.p == pytest.approx(by_enumeration(list(one), list(other)))
    assert found.p >= found.smallest_p - 1e-12
    assert found.mean == pytest.approx(np.mean(one) - np.mean(other))


def test_apart_is_as_small_as_a_rank_test_gives() -> None:
    one, other = [5.0, 6.0, 7.0, 8.0, 9.0], [0.0, 1.0, 2.0, 3.0, 4.0]
    found = difference(one, other)
    assert found.p == pytest.approx(mannwhitneyu(one, other, method="exact").pvalue)
    assert found.p == pytest.approx(smallest_p(5, 5)) == pytest.approx(2 / 252)


def test_the_interval_covers_the_mean_and_is_the_same_again() -> None:
    random = np.random.default_rng(3)
    one, other = random.normal(2, 1, 12), random.normal(0, 1, 15)
    found = difference(one, other)
    assert found.low is not None and found.high is not None
    assert 0 < found.low < found.mean < found.high < 4
    assert difference(one, other) == found
    # Of many values the percentile interval is the normal one.
    many = difference(random.normal(0, 1, 400), random.normal(0, 1, 400))
    assert many.high is not None and many.low is not None
    assert many.high - many.low == pytest.approx(2 * 1.96 * np.sqrt(2 / 400), rel=0.1)


def test_one_value_has_no_interval() -> None:
    found = difference([1.0], [2.0, 3.0])
    assert (found.low, found.high, found.p) == (None, None, None)
    assert found.smallest_p == pytest.approx(2 / 3)


@pytest.mark.parametrize("bad", [[], [float("nan")], [float("inf")]])
def test_what_is_no_sample_is_refused(bad: list[float]) -> None:
    with pytest.raises(UserError, match="finite numbers"):
        difference(bad, [1.0])


def test_holm_on_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_words_say_when_no_result_could_be_significant() -> None:
    apart = difference([9.0, 8.0, 7.0], [1.0, 2.0, 3.0])  # smallest p of 3 against 3: .1
    assert verdict(apart, 0.1, 1) == "n too small to tell"
    sure = difference([5.0, 6.0, 7.0, 8.0, 9.0], [0.0, 1.0, 2.0, 3.0, 4.0])
    assert verdict(sure, 0.016, 2) == "p = 0.016"
    assert verdict(sure, 0.2, 2) == "p = 0.200, not distinguishable"
    assert verdict(sure, 0.1, 12) == "n too small to tell"
