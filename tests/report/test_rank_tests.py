"""Rank tests against enumeration, SciPy's, and the power that a computed number of seeds has."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from naslib_edd.report.rank_tests import (
    COUNTED,
    mann_whitney,
    seeds_for_mann_whitney,
    seeds_for_wilcoxon,
    smallest_p_paired,
    wilcoxon,
)
from naslib_edd.report.statistics import smallest_p

few = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=5)


def tails(sums: list[float], seen: float) -> float:
    """Twice the smaller tail, at most 1."""
    low = np.mean([value <= seen + 1e-9 for value in sums])
    high = np.mean([value >= seen - 1e-9 for value in sums])
    return float(min(1.0, 2 * min(low, high)))


@given(few, few)
def test_mann_whitney_counts_every_split(one: list[float], other: list[float]) -> None:
    ranks = stats.rankdata(one + other)
    sums = [ranks[list(chosen)].sum() for chosen in combinations(range(len(ranks)), len(one))]
    assert mann_whitney(one, other) == pytest.approx(tails(sums, ranks[: len(one)].sum()))


@given(st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=9))
def test_wilcoxon_counts_every_choice_of_signs(values: list[float]) -> None:
    left = [value for value in values if value]
    if not left:
        assert wilcoxon(values) == 1
        return
    ranks = stats.rankdata(np.abs(left))
    sums = [ranks @ np.array(signs) for signs in product((0, 1), repeat=len(left))]
    assert wilcoxon(values) == pytest.approx(tails(sums, ranks @ (np.array(left) > 0)))


def test_without_ties_they_are_scipys() -> None:
    random = np.random.default_rng(1)
    for n, m in ((3, 4), (8, 8), (20, 20), (30, 11)):
        one, other = random.normal(0.4, 1, n), random.normal(0, 1, m)
        assert mann_whitney(list(one), list(other)) == pytest.approx(
            stats.mannwhitneyu(one, other, method="exact").pvalue
        )
        assert wilcoxon(list(one)) == pytest.approx(stats.wilcoxon(one, method="exact").pvalue)


def test_long_samples_go_over_into_the_approximation() -> None:
    random = np.random.default_rng(2)
    half = COUNTED // 2
    one, other = random.normal(0.3, 1, half), random.normal(0, 1, half)
    asymptotic = stats.mannwhitneyu(one, other, method="asymptotic").pvalue
    assert mann_whitney(list(one), list(other)) == pytest.approx(asymptotic, rel=0.05)
    more, rest = [*one, 0.1], [*other, 0.2]
    assert mann_whitney(more, rest) == stats.mannwhitneyu(more, rest, method="asymptotic").pvalue
    many = list(random.normal(0.2, 1, COUNTED + 1))
    exact, near = stats.wilcoxon(many[:-1], method="exact").pvalue, wilcoxon(many)
    assert wilcoxon(many[:-1]) == pytest.approx(exact)
    assert near == pytest.approx(stats.wilcoxon(many, method="exact").pvalue, rel=0.05)


def test_hollander_and_wolfes_depression_scores() -> None:
    # Hollander & Wolfe, Nonparametric Statistical Methods, example 3.1: one-sided .0195, n = 9.
    before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    differences = [a - b for a, b in zip(before, after, strict=True)]
    assert wilcoxon(differences) == pytest.approx(2 * 0.01953, abs=1e-4)


def test_the_least_p_is_reached_by_samples_apart() -> None:
    for n in range(2, 9):
        apart = [float(v) for v in range(n)], [float(v + 100) for v in range(n)]
        assert mann_whitney(*apart) == pytest.approx(smallest_p(n, n))
        assert wilcoxon(apart[1]) == pytest.approx(smallest_p_paired(n))


def test_equal_accuracies_of_different_arithmetic_are_ties() -> None:
    assert wilcoxon([0.3 - 0.2, 0.1 - 0.2]) == 1.0
    assert mann_whitney([0.1 + 0.2], [0.3]) == 1.0


@pytest.mark.parametrize("shift", [0.8, 1.5])
def test_the_seeds_needed_have_the_power_asked_for(shift: float) -> None:
    random, level = np.random.default_rng(5), 0.05
    many = random.normal(shift, 1, 2000), random.normal(0, 1, 2000)
    needed = seeds_for_mann_whitney(list(many[0]), list(many[1]), level=level)
    assert needed is not None
    hits = [
        mann_whitney(list(random.normal(shift, 1, needed)), list(random.normal(0, 1, needed)))
        < level
        for _ in range(300)
    ]
    assert 0.7 < np.mean(hits) < 0.95
    pairs = random.normal(shift, 1, 1500)
    needed = seeds_for_wilcoxon(list(pairs), level=level)
    assert needed is not None
    hits = [wilcoxon(list(random.normal(shift, 1, needed))) < level for _ in range(300)]
    # Noether takes the variance without a difference: of a large one he asks for too many.
    assert 0.7 < np.mean(hits) < (0.95 if shift < 1 else 1.01)


def test_never_fewer_seeds_than_could_be_significant() -> None:
    apart = [9.0, 8.0, 7.0], [1.0, 2.0, 3.0]
    for level in (0.05, 0.05 / 39):
        n = seeds_for_mann_whitney(*apart, level=level)
        assert n is not None and smallest_p(n, n) <= level
        n = seeds_for_wilcoxon([5.0, 6.0, 7.0], level=level)
        assert n is not None and smallest_p_paired(n) <= level
    assert smallest_p_paired(6) <= 0.05 < smallest_p_paired(5)


def test_no_difference_needs_no_number() -> None:
    assert seeds_for_mann_whitney([1.0, 2.0], [1.0, 2.0], level=0.05) is None
    assert seeds_for_wilcoxon([0.0, 0.0], level=0.05) is None
    assert seeds_for_wilcoxon([1.0], level=0.05) is None
