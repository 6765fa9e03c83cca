"""The operation that is missed most."""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.selection import costliest_removal
from naslib_edd.selection.perturbation import without


def test_one_entry_is_taken_and_nothing_else_changes() -> None:
    beta = torch.full((2, 3), 1 / 3)
    less = without(beta, 1, 2)
    assert less[1, 2] == 0 and beta[1, 2] > 0
    less[1, 2] = beta[1, 2]
    assert torch.equal(less, beta)


def test_the_one_with_the_lowest_score_without_it() -> None:
    beta = torch.softmax(torch.arange(6.0).view(2, 3), -1)
    worth = torch.tensor([1.0, 5.0, 0.1])
    asked: list[Tensor] = []

    def score(moved: Tensor) -> float:
        asked.append(moved)
        return float((moved[0] * worth).sum())

    op, scores = costliest_removal(beta, 0, [0, 1, 2], score)
    assert op == 1 and set(scores) == {0, 1, 2} and scores[1] == min(scores.values())
    assert len(asked) == 3
    # Only candidates are tried, and of a tie the first is taken.
    assert costliest_removal(beta, 0, [0, 2], score)[0] == 0
    assert costliest_removal(beta, 1, [2, 0], lambda _: 1.0) == (2, {2: 1.0, 0: 1.0})
