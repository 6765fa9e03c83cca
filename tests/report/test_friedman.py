"""Friedman and Nemenyi against Demšar's worked example, SciPy, and closed forms."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from naslib_edd.errors import UserError
from naslib_edd.report.friedman import cliques, critical_distance, friedman

#: Demšar 2006, table 6: AUC of C4.5, with m tuned, cf tuned, both; as ranks on 14 data sets.
RANKS = np.array(
    [
        [4, 1, 4, 4, 4, 1, 3, 2.5, 4, 2.5, 4, 3, 4, 3],
        [3, 2, 1, 1, 2, 2.5, 2, 2.5, 3, 2.5, 2.5, 2, 1, 1],
        [2, 3, 2, 3, 3, 4, 4, 4, 2, 2.5, 1, 4, 2, 4],
        [1, 4, 3, 2, 1, 2.5, 1, 1, 1, 2.5, 2.5, 1, 3, 2],
    ]
)


def test_demsars_example() -> None:
    found = friedman(-RANKS)
    assert found.ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert found.critical == pytest.approx(1.25, abs=5e-3)
    # He does not correct for ties: 9.28 and 3.69; ours are a little larger.
    k, n = RANKS.shape
    plain = 12 * n / (k * (k + 1)) * ((found.ranks**2).sum() - k * (k + 1) ** 2 / 4)
    assert plain == pytest.approx(9.28, abs=5e-3)
    assert (n - 1) * plain / (n * (k - 1) - plain) == pytest.approx(3.69, abs=5e-3)
    assert found.chi2 == pytest.approx(stats.friedmanchisquare(*(-RANKS)).statistic)
    assert found.p == pytest.approx(stats.friedmanchisquare(*(-RANKS)).pvalue)
    assert found.f_p is not None and found.f_p < 0.05


def test_nemenyis_distances_are_the_published_q() -> None:
    # Demšar 2006, table 5(a): q at .05 for 2 to 10 methods.
    published = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    for k, q in enumerate(published, start=2):
        assert critical_distance(k, 6) / (k * (k + 1) / 36) ** 0.5 == pytest.approx(q, abs=1.5e-3)


def test_agreement_and_correlation_of_seeds() -> None:
    random = np.random.default_rng(0)
    values = random.normal(0, 1, (5, 7)) + np.arange(5)[:, None]
    found = friedman(values)
    each = [stats.spearmanr(values[:, a], values[:, b])[0] for a, b in combinations(range(7), 2)]
    assert found.spearman == pytest.approx(np.mean(each))
    same = friedman(np.tile(np.arange(4.0)[:, None], 3))
    assert same.agreement == pytest.approx(1) and same.spearman == pytest.approx(1)
    assert same.f is None and same.chi2 == pytest.approx(9)
    assert list(same.first) == [0, 0, 0, 1]
    np.testing.assert_allclose(same.places, [[4, 4], [3, 3], [2, 2], [1, 1]])


def test_nothing_differs() -> None:
    found = friedman(np.full((3, 4), 5.0))
    assert (found.chi2, found.p, found.agreement) == (0, 1, 0)
    assert list(found.first) == [1, 1, 1]


def test_places_hold_the_mean_rank() -> None:
    found = friedman(np.random.default_rng(1).normal(0, 1, (6, 12)))
    assert (found.places[:, 0] <= found.ranks).all() and (found.ranks <= found.places[:, 1]).all()
    assert (found.places[:, 1] - found.places[:, 0] > 0.5).all()


def test_cliques_are_maximal() -> None:
    assert cliques([1, 2, 3, 4], 1.5) == [(0, 1), (1, 2), (2, 3)]
    assert cliques([1, 2, 3, 4], 9) == [(0, 3)]
    assert cliques([1, 2, 3, 4], 0.5) == []
    assert cliques([1.964, 2.0, 2.893, 3.143], 1.25) == [(0, 3)]


@pytest.mark.parametrize("bad", [[[1, 2], [3, 4]], [[1], [2], [3]], [[1, 2], [3, 4], [5, np.nan]]])
def test_too_few_or_not_finite(bad: list[list[float]]) -> None:
    with pytest.raises(UserError, match="Friedman"):
        friedman(bad)
