"""Edge weights beside the operations': PC-DARTS' edge normalisation.

The edges that enter one node share a softmax, at temperature 1 whatever the operations' t is. The
logits of the edge weights are the last column, so that one tensor holds all there is to learn.
Source: Xu et al. 2020, "PC-DARTS".
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

from naslib_edd.relaxation.base import Relaxation


class EdgeWeights(Relaxation):
    """Logits [edges, operations + 1] to β with, in the last column, the weight of the edge.

    Args:
        operations: the relaxation of the first columns.
        targets: the node that each edge enters; nodes of different cells need different names.
    """

    def __init__(self, *, operations: Relaxation, targets: Sequence[Hashable]) -> None:
        self.operations = operations
        self.sampled = operations.sampled
        nodes = list(dict.fromkeys(targets))
        self._node = torch.tensor([nodes.index(target) for target in targets])

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """β: rows of the first columns sum to 1, the last column sums to 1 over each node."""
        return self._with_edges(self.operations(logits[:, :-1], t), logits)

    def quiet(self, logits: Tensor, t: Tensor) -> Tensor:
        """See :class:`Relaxation`."""
        return self._with_edges(self.operations.quiet(logits[:, :-1], t), logits)

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """See :class:`Relaxation`; without the edge weights."""
        return self.operations.expected(logits[:, :-1], t)

    def begin_epoch(self, epoch: int) -> None:
        """See :class:`Relaxation`."""
        self.operations.begin_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """The operations'."""
        return self.operations.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.operations.load_state_dict(state)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """The operations' two terms; the edge weights' gradient has no noise term."""
        terms = self.operations.gradient_terms(logits[:, :-1], t, grad[:, :-1])
        weights, g = self._edges(logits[:, -1]), grad[:, -1]
        same = self._same(weights)
        edges = weights * (g - same @ (weights * g))
        first = torch.cat([terms[0], edges[:, None].to(terms[0])], dim=1)
        return first, torch.cat([terms[1], torch.zeros_like(edges)[:, None].to(terms[1])], dim=1)

    def _with_edges(self, beta: Tensor, logits: Tensor) -> Tensor:
        return torch.cat([beta, self._edges(logits[:, -1])[:, None].to(beta)], dim=1)

    def _same(self, like: Tensor) -> Tensor:
        """[edges, edges]: 1 where two edges enter the same node."""
        node = self._node.to(like.device)
        return (node[:, None] == node[None, :]).to(like)

    def _edges(self, logits: Tensor) -> Tensor:
        same = self._same(logits)
        # A row holds the edge's own group, all other edges at minus infinity.
        rows = logits[None, :].masked_fill(same == 0, -torch.inf)
        return torch.softmax(rows, dim=-1).diagonal()
