"""Weights without a softmax: β = 1/M + A, of any sign and any sum; an operation may reach 0.

For searches that make the weights sparse by themselves (:mod:`~.regularisers.group_sparsity`).
Source: the unnormalised, sparse combination of Wu et al. 2021, "Neural Architecture Search as
Sparse Supernet"; that it starts at equal shares, 1/M, is our assumption.
"""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.relaxation.base import Relaxation


class Linear(Relaxation):
    """β = 1/M + A over M operations; no temperature."""

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """β of the logits' shape [..., M]; 0 where a logit is minus infinity."""
        there = logits != -torch.inf
        return torch.where(there, logits + 1 / logits.shape[-1], 0.0)

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """|β| as shares of its row; equal shares of a row that is all 0."""
        size = self(logits, t).abs()
        there = (logits != -torch.inf).to(size)
        total = size.sum(-1, keepdim=True)
        tiny = torch.finfo(size.dtype).tiny
        equal = there / there.sum(-1, keepdim=True)
        return torch.where(total > 0, size / total.clamp_min(tiny), equal)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """(∂l/∂β, zeros)."""
        forward = grad.masked_fill(logits == -torch.inf, 0.0)
        return forward, torch.zeros_like(forward)
