"""Softmax at a temperature: β = softmax(A / t), DARTS' relaxation (t = 1)."""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.relaxation.base import Relaxation


def softmax_vjp(beta: Tensor, grad: Tensor) -> Tensor:
    """J(β)·g = β ⊙ (g − ⟨β, g⟩) along the last dimension (the softmax Jacobian is symmetric)."""
    return beta * (grad - (beta * grad).sum(-1, keepdim=True))


def softmax_at(logits: Tensor, t: Tensor | float) -> Tensor:
    """softmax(logits / t) along the last dimension, never below fp32.

    At t = 1e-4 a logit of .3 becomes 3000, so half precision would not do; softmax subtracts the
    largest entry first, so it does not overflow.
    """
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    return torch.softmax(logits / t, dim=-1)


class Softmax(Relaxation):
    """Plain softmax at the controller's temperature. Table 5's rows "normal", and DARTS."""

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """Edge weights of logits [..., M], each row summing to 1."""
        return softmax_at(logits, t)

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """The same: nothing is drawn."""
        return softmax_at(logits, t)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """(1/t)·J(β)·g, and zeros: plain softmax has no noise term."""
        forward = softmax_vjp(softmax_at(logits, t), grad) / t
        return forward, torch.zeros_like(forward)
