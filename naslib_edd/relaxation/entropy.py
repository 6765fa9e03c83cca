"""Entropy of edge weights: how far a supernet is from a discrete architecture (eq. 13)."""

from __future__ import annotations

import torch
from torch import Tensor


def entropy(beta: Tensor) -> Tensor:
    """H = −Σ β log β of each row, in nats: [..., M] to [...]. 0 for one-hot, log M for uniform."""
    return torch.special.entr(beta).sum(-1)


def mean_there(values: Tensor, there: Tensor) -> Tensor:
    """The mean of a value an edge, [edges], over the edges that are not gone (``there``, bool)."""
    return values.masked_fill(~there, 0.0).sum() / there.sum()


def mean_entropy(beta: Tensor, there: Tensor | None = None) -> Tensor:
    """E(H(β)): the mean over edges of :func:`entropy`, a scalar.

    Args:
        beta: [edges, operations].
        there: bool [edges], the edges that are not gone; all by default.
    """
    if there is None:
        return entropy(beta).mean()
    return mean_there(entropy(beta), there)
