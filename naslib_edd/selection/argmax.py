"""Discretise by the largest logit of each edge (DARTS on NB201: `none` may win)."""

from __future__ import annotations

import torch
from torch import Tensor


def argmax_ops(logits: Tensor, allowed: Tensor | None = None) -> tuple[int, ...]:
    """Operation id of each edge: logits [edges, operations] → a tuple of ``edges`` ids.

    Of the logits, never of β: at a tiny t several entries of a rounded β are 1.000, and a tie would
    change the cell. Logits that tie give the operation that comes first. ``allowed`` (bool, of the
    logits' shape) rules operations out.
    """
    logits = logits.detach()
    if allowed is not None:
        logits = logits.masked_fill(~allowed, -torch.inf)
    return tuple(logits.argmax(dim=-1).tolist())
