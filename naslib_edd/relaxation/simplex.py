"""Probabilities themselves as edge weights: GAEA's view of the cell.

The logits hold log-probabilities, β = softmax(logits) *is* the distribution, and what comes back as
the gradient of the logits is ∂l/∂β itself: the optimizer steps on the simplex, not through a
softmax. It goes with :class:`naslib_edd.bilevel.exponentiated_gradient.ExponentiatedGradient`.
Source: Li et al. 2021, "Geometry-Aware Gradient Algorithms for Neural Architecture Search".
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

from naslib_edd.relaxation.base import Relaxation
from naslib_edd.relaxation.edge_weights import EdgeWeights
from naslib_edd.spaces.edge_column import joined, split_last


class _Straight(torch.autograd.Function):
    """The values, whose gradient is handed to the logits as it is (0 at minus infinity)."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, logits: Tensor) -> Tensor:
        ctx.save_for_backward(torch.isneginf(logits))
        return values.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        (out,) = ctx.saved_tensors
        return None, grad.masked_fill(out, 0.0)


def straight_through(values: Tensor, logits: Tensor) -> Tensor:
    """``values``, with ∂/∂logits taken for ∂/∂values; both of one shape."""
    straight: Tensor = _Straight.apply(values.detach(), logits)  # type: ignore[no-untyped-call]
    return straight


class Simplex(Relaxation):
    """β = the probabilities; knows no temperature."""

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """Edge weights of log-probabilities [edges, operations]; t is not looked at."""
        return straight_through(torch.softmax(logits, dim=-1), logits)

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """The same: nothing is drawn."""
        return torch.softmax(logits, dim=-1)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """∂l/∂β as it is, and no noise."""
        forward = grad.masked_fill(torch.isneginf(logits), 0.0)
        return forward, torch.zeros_like(forward)


class SimplexEdgeWeights(EdgeWeights):
    """:class:`EdgeWeights` whose edge weights, too, are probabilities: GAEA PC-DARTS.

    Attributes:
        same_node: bool [edges, edges]: which two edges enter the same node.
    """

    def __init__(self, *, operations: Relaxation, targets: Sequence[Hashable]) -> None:
        super().__init__(operations=operations, targets=targets)
        self.same_node = torch.tensor([[one == other for other in targets] for one in targets])

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """See :class:`EdgeWeights`."""
        operations, last = split_last(logits)
        beta = self.operations(operations, t)
        self.same_node = self.same_node.to(last.device)  # moved once
        rows = last[None, :].masked_fill(~self.same_node, -torch.inf)
        edges = straight_through(torch.softmax(rows, dim=-1).diagonal(), last)
        return joined(beta, edges)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """See :class:`EdgeWeights`; the edges' is ∂l/∂β as it is."""
        grad, edges = split_last(grad)
        forward, noise = self.operations.gradient_terms(split_last(logits)[0], t, grad)
        return joined(forward, edges), joined(noise, 0 * edges)
