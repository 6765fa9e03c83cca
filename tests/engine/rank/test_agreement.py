"""Rank correlations against closed forms, SciPy and columns whose order is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from naslib_edd.engine.rank.agreement import agreement
from naslib_edd.errors import UserError


def test_the_same_order_agrees_and_the_reverse_does_not() -> None:
    table = [float(value) for value in range(50)]
    same = agreement([value**2 for value in table], table)
    assert (same.kendall, same.spearman, same.kendall_top) == pytest.approx((1, 1, 1))
    assert (same.top, same.found_top, same.chosen) == (5, 5, 49)
    assert same.chosen_better_than == 98
    turned = agreement(table[::-1], table)
    assert (turned.kendall, turned.spearman) == pytest.approx((-1, -1))
    assert turned.found_top == 0
    assert turned.chosen == 0 and turned.best == 49 and turned.mean == 24.5


def test_with_ties_it_is_scipys_tau_b() -> None:
    random = np.random.default_rng(0)
    ours, table = random.integers(0, 8, 60).astype(float), random.normal(0, 1, 60)
    ours += np.round(table)
    found = agreement(list(ours), list(table))
    assert found.kendall == pytest.approx(stats.kendalltau(ours, table).statistic)
    assert found.spearman == pytest.approx(stats.spearmanr(ours, table).statistic)
    best = np.argsort(-table)[: found.top]
    assert found.kendall_top == pytest.approx(stats.kendalltau(ours[best], table[best]).statistic)
    assert found.kendall_low is not None and found.kendall_high is not None
    assert found.kendall_low < found.kendall < found.kendall_high


def test_a_constant_supernet_knows_nothing() -> None:
    table = [float(value) for value in range(40)]
    found = agreement([10.0] * 40, table)
    assert found.kendall is None and found.spearman is None and found.kendall_low is None
    assert found.found_top == pytest.approx(4 * 4 / 40)  # what chance finds
    assert found.chosen == found.mean


@pytest.mark.parametrize(
    ("ours", "table"), [([1, 2], [1, 2]), ([1, 2, 3], [1, 2]), ([1, 2, np.nan], [1, 2, 3])]
)
def test_too_few_or_not_finite(ours: list[float], table: list[float]) -> None:
    with pytest.raises(UserError, match="rank correlation"):
        agreement(ours, table)
