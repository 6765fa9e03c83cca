"""An edge's operation by what its removal costs: perturbation-based selection (PT).

Source: Wang et al. 2021, "Rethinking Architecture Selection in Differentiable NAS", Algorithm 1;
release ruocwang/darts-pt, ``nasbench201/projection.py``: β of the operation is set to 0 and the
others are left as they are, so the row no longer sums to 1. Where a node keeps some of its edges
only, those of the DARTS space's release (``sota/cnn/projection.py``): whose removal costs most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor


def without(beta: Tensor, edge: int, op: int) -> Tensor:
    """A copy of β [edges, operations (+ 1)] with one entry 0."""
    beta = beta.clone()
    beta[edge, op] = 0.0
    return beta


def costliest_removal(
    beta: Tensor, edge: int, candidates: Sequence[int], score: Callable[[Tensor], float]
) -> tuple[int, dict[int, float]]:
    """The operation of an edge whose removal leaves the lowest score.

    Args:
        beta: [edges, operations (+ 1)].
        edge: its row.
        candidates: the operations to try, in order; of a tie the first is taken.
        score: of a β; higher is better (validation accuracy, or minus the loss).

    Returns:
        The operation, and the score without each candidate.
    """
    scores = {op: score(without(beta, edge, op)) for op in candidates}
    return min(scores, key=lambda op: scores[op]), scores


def cheapest_removals(
    beta: Tensor, rows: Sequence[int], keep: int, score: Callable[[Tensor], float]
) -> tuple[list[int], dict[int, float]]:
    """The edges of a node that go, where it keeps so many: those whose removal costs least.

    Args:
        beta: [edges, operations (+ 1)].
        rows: of the edges that enter the node, in order; of a tie the first stay.
        keep: how many stay.
        score: of a β; higher is better.

    Returns:
        The rows that go, and the score without each edge.
    """
    scores = {}
    for row in rows:
        others = beta.clone()
        others[row] = 0.0
        scores[row] = score(others)
    stay = sorted(rows, key=lambda row: scores[row])[:keep]
    return [row for row in rows if row not in stay], scores
