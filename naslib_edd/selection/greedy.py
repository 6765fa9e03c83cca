"""Which edge is surest of its operation: the criterion of sequential greedy search (SGAS).

Source: Li et al. 2020, "SGAS: Sequential Greedy Architecture Search", section 3.2; release
lightaime/sgas, ``cnn/train_search.py``. `none` counts only here: what is left of β beside it is
the edge's importance, and it is never chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def conditional(beta: Tensor, none: int | None = 0) -> tuple[Tensor, Tensor]:
    """(importance [edges], β of the other operations given that it is not `none`).

    Args:
        beta: rows that sum to 1, [edges, operations].
        none: the column of `none`; None: there is none, and all edges are of importance 1.
    """
    if none is None:
        return torch.ones_like(beta[:, 0]), beta
    others = torch.cat([beta[:, :none], beta[:, none + 1 :]], dim=1)
    importance = others.sum(-1)
    # An edge that is all `none` (a row rounded at a small temperature) is sure of nothing.
    uniform = torch.full_like(others, 1 / others.shape[1])
    given = torch.where(importance[:, None] > 0, others / importance[:, None], uniform)
    return importance, given


def edge_scores(
    beta: Tensor,
    *,
    none: int | None = 0,
    history: Sequence[Tensor] | None = None,
    widths: Sequence[int] | None = None,
) -> Tensor:
    """The score of each edge, [edges]: the largest is decided next.

    importance × certainty (criterion 1), × stability (criterion 2), each scaled to [0, 1] over the
    edges; certainty is 1 − entropy / ln(operations − 1), stability the mean overlap
    Σ min(p, q) with the rows of earlier epochs.

    Args:
        beta: [edges, operations].
        none: the column of `none`; None: there is none, and certainty counts alone.
        history: for criterion 2, what :func:`conditional` gave in epochs before, the newest last;
            empty: no edge is stable, all scores are 0.
        widths: how many operations but `none` each edge has; by default as many as there are.
            An edge with one has nothing to be unsure of.
    """
    importance, given = conditional(beta, none)
    entropy = torch.special.entr(given).sum(-1)
    if widths is None:
        certainty = 1 - entropy / math.log(given.shape[1])
    else:
        logs = [math.log(width) if width > 1 else math.inf for width in widths]
        certainty = 1 - entropy / torch.tensor(logs).to(entropy)
    score = scaled(certainty)
    if none is not None:
        score = scaled(importance) * score
    if history is None:
        return score
    overlap = torch.zeros_like(importance)
    for before in history:
        overlap = overlap + torch.minimum(before, given).sum(-1)
    return score * scaled(overlap / max(len(history), 1))


def scaled(values: Tensor) -> Tensor:
    """Values [n] from 0 to 1; all 0 where they are equal."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else torch.zeros_like(values)
