"""Edge weights beside the operations': PC-DARTS' edge normalisation.

The edges that enter one node share a softmax, at temperature 1 whatever the operations' t is. The
logits of the edge weights are the last column, so that one tensor holds all there is to learn. Any
relaxation without a sample may stand in the softmax's place: the edges of a node are a row to it.
Source: Xu et al. 2020, "PC-DARTS".
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

from naslib_edd.relaxation.base import Relaxation
from naslib_edd.relaxation.softmax import Softmax
from naslib_edd.spaces.edge_column import joined, split_last


class EdgeWeights(Relaxation):
    """Logits [edges, operations + 1] to β with, in the last column, the weight of the edge.

    Args:
        operations: the relaxation of the first columns.
        targets: the node that each edge enters; nodes of different cells need different names.
        edges: the relaxation of the last column, among the edges that enter one node; it must
            keep to the rule that a logit of minus infinity takes no part. Softmax by default.
    """

    def __init__(
        self,
        *,
        operations: Relaxation,
        targets: Sequence[Hashable],
        edges: Relaxation | None = None,
    ) -> None:
        self.operations, self.edges = operations, edges or Softmax()
        self.sampled = operations.sampled
        nodes = list(dict.fromkeys(targets))
        self._node = torch.tensor([nodes.index(target) for target in targets])

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """β: rows of the first columns sum to 1, the last column sums to 1 over each node."""
        return self._with_edges(self.operations(split_last(logits)[0], t), logits)

    def quiet(self, logits: Tensor, t: Tensor) -> Tensor:
        """See :class:`Relaxation`."""
        return self._with_edges(self.operations.quiet(split_last(logits)[0], t), logits)

    def edge_weights(self, logits: Tensor) -> Tensor:
        """The weights of the edges alone: [edges, operations + 1] to [edges]. Draws nothing."""
        rows = self._rows(split_last(logits)[1])
        return self.edges(rows, _one(logits)).diagonal()

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """See :class:`Relaxation`; without the edge weights."""
        return self.operations.expected(split_last(logits)[0], t)

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
        """The operations' two terms beside those of the edge weights (a softmax's has no noise)."""
        (columns, edges), (grad, of_edge) = split_last(logits), split_last(grad)
        of_operations = self.operations.gradient_terms(columns, t, grad)
        rows = self._rows(edges)
        # Only the diagonal of the rows is used: see edge_weights.
        terms = self.edges.gradient_terms(rows, _one(logits), torch.diag(of_edge))
        of_edges = [term.masked_fill(rows == -torch.inf, 0.0) for term in terms]
        forward, noise = (
            joined(columns, term.sum(0))
            for columns, term in zip(of_operations, of_edges, strict=True)
        )
        return forward, noise

    def _with_edges(self, beta: Tensor, logits: Tensor) -> Tensor:
        return joined(beta, self.edge_weights(logits))

    def _rows(self, logits: Tensor) -> Tensor:
        """[edges] to [edges, edges]: row e holds the edges of e's node, the others ruled out."""
        node = self._node = self._node.to(logits.device)  # moved once
        return logits[None, :].masked_fill(node[:, None] != node[None, :], -torch.inf)


def _one(like: Tensor) -> Tensor:
    return torch.ones((), dtype=like.dtype, device=like.device)
