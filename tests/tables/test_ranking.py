"""Ranks and regrets against their definition, one value at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from naslib_edd.tables.ranking import rank_and_regret, scores

# Few different values, so that there are ties; NaN is an unknown one.
accuracies = st.lists(st.sampled_from([0.0, 10.0, 10.5, 94.37, 100.0, np.nan]), max_size=30)


@given(accuracies)
def test_rank_and_regret_are_what_they_say(values: list[float]) -> None:
    ranks, regrets = rank_and_regret(np.array(values, dtype=float))
    known = [value for value in values if value == value]
    for value, rank, regret in zip(values, ranks, regrets, strict=True):
        if value != value:
            assert rank == 0 and np.isnan(regret)
        else:
            assert rank == 1 + sum(other > value for other in known)
            assert regret == max(known) - value


def test_ties_share_the_better_rank() -> None:
    ranks, regrets = rank_and_regret(np.array([90.0, 94.0, np.nan, 94.0, 80.0]))
    assert ranks.tolist() == [3, 1, 0, 1, 4]
    np.testing.assert_array_equal(regrets, [4, 0, np.nan, 0, 14])


def test_unknown_is_none_in_the_lists() -> None:
    assert scores(np.array([90.0, np.nan])) == ([90.0, None], [1, None], [0.0, None])
    assert scores(np.array([np.nan])) == ([None], [None], [None])
