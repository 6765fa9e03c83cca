"""Exponentiated gradient on the simplex: p ← p·exp(−lr·∂l/∂p), clamped from below, renormalised.

The architecture step of GAEA (Li et al. 2021, Algorithm 1; liamcli/gaea_release). The parameters
are log-probabilities, so the step is an addition and a log-sum-exp, and no probability underflows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from naslib_edd.spaces.edge_column import split_last

#: A probability never falls below it (before it is renormalised): the release's.
FLOOR = 1e-5


class ExponentiatedGradient(torch.optim.Optimizer):
    """Steps log-probabilities by the gradient of the probabilities.

    Args:
        logits: log-probabilities [edges, operations], a leaf tensor; their gradient is ∂l/∂p, as
            :class:`naslib_edd.relaxation.Simplex` gives it. An edge's need not sum to 1 at first.
        lr: learning rate of the operations' probabilities.
        entropy: weight of the release's entropic regulariser Σ p·ln(p·M) (its weight decay), M
            operations an edge.
        allowed: bool [edges, operations], held, not copied: the others take no part, and their
            logits rest at the floor's.
        same_node: bool [edges, edges], where the last column of the logits is that of edge weights:
            which edges enter the same node, and so share a simplex. The release clamps these not.
        edge_lr: their learning rate.
    """

    def __init__(
        self,
        logits: Tensor,
        *,
        lr: float,
        entropy: float = 0.0,
        allowed: Tensor | None = None,
        same_node: Tensor | None = None,
        edge_lr: float = 0.0,
    ) -> None:
        super().__init__([logits], {"lr": lr, "entropy": entropy, "edge_lr": edge_lr})
        self.allowed, self.same_node = allowed, same_node

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step by the logits' gradient; none where there is no gradient."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for logits in group["params"]:
                if logits.grad is not None:
                    self._step(logits, logits.grad, group)
        return loss

    def _step(self, logits: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        if self.same_node is None:
            self._step_operations(logits, grad, group)
            return
        (operations, edges), (of_operations, of_edges) = split_last(logits), split_last(grad)
        self._step_operations(operations, of_operations, group)
        moved = self._of_node(edges) - group["edge_lr"] * of_edges
        edges.copy_(self._of_node(moved))

    def _step_operations(self, logits: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        allowed = (
            torch.ones_like(logits, dtype=torch.bool) if self.allowed is None else self.allowed
        )
        out = ~allowed
        log_p = torch.log_softmax(logits.masked_fill(out, -torch.inf), dim=-1)
        if group["entropy"]:
            count = allowed.sum(-1, keepdim=True).to(log_p)
            grad = grad + group["entropy"] * (log_p + count.log() + 1).masked_fill(out, 0.0)
        moved = (log_p - group["lr"] * grad).clamp_min(math.log(FLOOR)).masked_fill(out, -torch.inf)
        logits.copy_(torch.log_softmax(moved, dim=-1).masked_fill(out, math.log(FLOOR)))

    def _of_node(self, edges: Tensor) -> Tensor:
        """Log-weights of edges [edges], normalised over the edges of each node."""
        assert self.same_node is not None
        self.same_node = self.same_node.to(edges.device)  # moved once
        rows = edges[None, :].masked_fill(~self.same_node, -torch.inf)
        return edges - torch.logsumexp(rows, dim=-1)
