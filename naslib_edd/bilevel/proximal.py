"""Adam, then a proximal step: the weights of operations reach exactly 0, and may come back.

After each of Adam's steps, of learning rate η, the edge weights w = 1/M + A (those of the linear
relaxation) become prox of η·Ω at w, Ω the sparse group lasso. Adam's steps have length η whatever
the gradient's scale, so that l1 = .1 takes back a tenth of a full step.

After the accelerated proximal algorithm of SparseNAS (Wu et al. 2021), in its form with Adam's
rates; that the threshold is η's and not each entry's own rate is our assumption.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.bilevel.regularisers.group_sparsity import sparse_group_prox
from naslib_edd.spaces.edge_column import split


class ProximalAdam(torch.optim.Adam):
    """Adam with the proximal operator of the sparse group lasso behind each step.

    Args:
        params: logits [edges, operations (+ 1)].
        extra: how many columns behind the operations' are not operations. (An operation that a
            mask rules out counts in its edge's norm until it has shrunk to 0.)
        l1, group: the two weights of Ω, at least 0.
        options: Adam's.
    """

    def __init__(
        self, params: list[Tensor], *, l1: float, group: float, extra: int = 0, **options: Any
    ) -> None:
        super().__init__(params, **options)
        self.extra, self.l1, self.sparsity = extra, l1, group

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Adam's step, then the proximal one."""
        loss = super().step(closure)
        for group in self.param_groups:
            for logits in group["params"]:
                if logits.grad is None:
                    continue
                columns, _ = split(logits, logits.shape[1] - self.extra)
                rate, share = group["lr"], 1 / columns.shape[1]
                near = sparse_group_prox(
                    columns + share, l1=rate * self.l1, group=rate * self.sparsity
                )
                columns.copy_(near - share)
        return loss
