"""Sparse group lasso over edge weights: single operations, and whole edges, go to exactly 0.

For the weights w_e of the M operations of an edge::

    Ω(w) = l1·Σ_e ‖w_e‖₁ + group·√M·Σ_e ‖w_e‖₂

The groups contain the entries, so the proximal operator of Ω is the one of the inner norm followed
by the one of the outer (Jenatton et al. 2011): soft thresholding, then shrinking the edge.
Used for SparseNAS, Wu et al. 2021, "Neural Architecture Search as Sparse Supernet".
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from naslib_edd.bilevel.regularisers.base import Regulariser
from naslib_edd.spaces.edge_column import split


def sparse_group_norm(w: Tensor, *, l1: float, group: float) -> Tensor:
    """Ω of weights [edges, M], a scalar; its subgradient at 0 is 0."""
    rows = torch.linalg.vector_norm(w, dim=-1)
    return l1 * w.abs().sum() + group * math.sqrt(w.shape[-1]) * rows.sum()


def sparse_group_prox(w: Tensor, *, l1: float | Tensor, group: float | Tensor) -> Tensor:
    """argmin over u of ‖u − w‖²/2 + Ω(u), of w's shape [edges, M].

    ``l1`` and ``group`` already hold the length of the step.
    """
    soft = w.sign() * (w.abs() - l1).clamp_min(0.0)
    rows = torch.linalg.vector_norm(soft, dim=-1, keepdim=True)
    shrink = 1 - group * math.sqrt(w.shape[-1]) / rows.clamp_min(torch.finfo(w.dtype).tiny)
    return soft * shrink.clamp_min(0.0)


class GroupSparsity(Regulariser):
    """Ω(β) as a penalty, for its subgradient.

    Args:
        l1, group: the two weights, at least 0.
        operations: how many of β's columns are operations.
    """

    def __init__(self, *, l1: float, group: float, operations: int) -> None:
        self.l1, self.group, self.operations = l1, group, operations

    def __call__(self, logits: Tensor, beta: Tensor) -> Tensor:
        """See :class:`Regulariser`."""
        return sparse_group_norm(split(beta, self.operations)[0], l1=self.l1, group=self.group)
