import math

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.report.series import edge_weights, series


def row(**changes):
    return {"t": 0.5, "logits": [[0.0] * 5 for _ in range(6)], **changes}


def test_beta_is_the_softmax_of_logits_over_t():
    logits = [[0.0] * 5 for _ in range(6)]
    logits[4] = [0.0, math.log(2), 0.0, math.log(3), 0.0]
    beta = edge_weights([row(logits=logits, t=1.0), row(logits=logits, t=0.5)])
    assert beta.shape == (2, 6, 5)
    np.testing.assert_allclose(beta[0, 4], np.array([1, 2, 1, 3, 1]) / 8, rtol=1e-14)
    np.testing.assert_allclose(beta[1, 4], np.array([1, 4, 1, 9, 1]) / 16, rtol=1e-14)
    np.testing.assert_allclose(np.delete(beta, 4, axis=1), 0.2, rtol=1e-14)


def test_beta_at_the_lowest_temperatures_is_one_hot_and_finite():
    logits = [[0.3, 0.0, 0.0, 0.0, -0.3]] * 6
    beta = edge_weights([row(logits=logits, t=1e-6)])
    np.testing.assert_array_equal(beta[0], np.eye(5)[[0] * 6])


@pytest.mark.parametrize(
    "bad", [[[0.0] * 5] * 5, [[0.0] * 4] * 6, [[None] * 5] * 6, [["x"] * 5] * 6, "none", [[1], []]]
)
def test_bad_logits_are_refused_with_their_line(bad):
    with pytest.raises(UserError, match=r"line 2 .* 6 x 5"):
        edge_weights([row(), row(logits=bad)])


@pytest.mark.parametrize("t", [0.0, -1.0, None])
def test_a_temperature_must_be_above_zero(t):
    with pytest.raises(UserError, match=r"line 2 .* t above 0"):
        edge_weights([row(), row(t=t)])


def test_series_has_nan_where_a_row_has_no_number():
    rows = [{"a": {"b": 1}}, {"a": None}, {}, {"a": {"b": None}}, {"a": {"b": 2.5}}]
    np.testing.assert_array_equal(series(rows, "a", "b"), [1, np.nan, np.nan, np.nan, 2.5])


def test_series_refuses_what_is_no_number():
    with pytest.raises(UserError, match=r"line 2 .*'high' where a\.b"):
        series([{"a": {"b": 1}}, {"a": {"b": "high"}}], "a", "b")
