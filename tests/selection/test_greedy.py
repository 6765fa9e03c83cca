"""SGAS' criterion: its definition on small numbers.

The release's: tests/selection/test_greedy_stage.py.
"""

from __future__ import annotations

import math

import pytest
import torch

from naslib_edd.selection.greedy import conditional, edge_scores, scaled


def test_importance_certainty_and_stability_by_hand() -> None:
    beta = torch.tensor([[0.2, 0.8, 0.0], [0.5, 0.25, 0.25], [0.0, 0.5, 0.5]])
    importance, given = conditional(beta)
    torch.testing.assert_close(importance, torch.tensor([0.8, 0.5, 1.0]))
    torch.testing.assert_close(given, torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.5, 0.5]]))
    # Certainty is 1, 0, 0; importance is scaled to .6, 0, 1.
    torch.testing.assert_close(edge_scores(beta), torch.tensor([0.6, 0.0, 0.0]))
    before = torch.tensor([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]])
    # Overlaps: .5, 1, .5 -> 0, 1, 0.
    assert edge_scores(beta, history=[before]).tolist() == [0.0, 0.0, 0.0]
    still = torch.tensor([[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]])
    torch.testing.assert_close(
        edge_scores(beta, history=[still, before]), torch.tensor([0.6 * 0.5, 0.0, 0.0])
    )
    assert edge_scores(beta, history=[]).tolist() == [0.0, 0.0, 0.0]


def test_certainty_is_of_the_operations_but_none() -> None:
    beta = torch.tensor([[0.9, 0.1 * 0.7, 0.1 * 0.3], [0.1, 0.9 * 0.7, 0.9 * 0.3]])
    entropy = -(0.7 * math.log(0.7) + 0.3 * math.log(0.3)) / math.log(2)
    _, given = conditional(beta)
    for row in given:
        certainty = 1 + float((row * row.log()).sum()) / math.log(2)
        assert certainty == pytest.approx(1 - entropy, abs=1e-6)


def test_another_column_may_be_none_and_an_edge_may_be_all_of_it() -> None:
    importance, given = conditional(torch.tensor([[0.1, 0.3, 0.6], [0.0, 0.0, 1.0]]), none=2)
    torch.testing.assert_close(importance, torch.tensor([0.4, 0.0]))
    torch.testing.assert_close(given, torch.tensor([[0.25, 0.75], [0.5, 0.5]]))
    assert scaled(torch.ones(3)).tolist() == [0, 0, 0]
