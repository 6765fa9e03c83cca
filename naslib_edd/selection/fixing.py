"""What stages that fix an edge for good share: the mask, the resting logits, the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.selection import cheapest_removals, costliest_removal
from naslib_edd.selection.stage import Search, Stage
from naslib_edd.spaces import Layout
from naslib_edd.spaces.edge_column import joined, split
from naslib_edd.supernet.layers import Statistics, evaluating

Criterion = Literal["accuracy", "loss"]


class FixesEdges(Stage):
    """A stage that decides the operation of one edge at a time.

    β of a decided edge is one-hot (the search's mask sees to that), and its logits rest.

    Args:
        layout: of the space.

    Attributes:
        ops: the operation of each edge; −1 where none is decided, None where the edge is gone.
    """

    def __init__(self, *, layout: Layout) -> None:
        self.layout = layout
        edges, operations = layout.edges, len(layout.operations)
        self.ops: list[int | None] = [-1] * edges
        self._kept = torch.zeros(edges, operations)
        self._fixed = torch.zeros(edges, 1, dtype=torch.bool)
        self._last: dict[str, Any] | None = None

    def waiting(self, rows: Sequence[int]) -> list[int]:
        """Those of the rows that are neither decided nor gone."""
        return [row for row in rows if self.ops[row] == -1]

    @torch.no_grad()
    def decide(self, search: Search, edge: int, op: int, **record: Any) -> None:
        """Fix an edge; ``record`` is kept beside the decision for the epoch's row."""
        self.ops[edge] = op
        search.allowed[edge] = False
        search.allowed[edge, op] = True
        self._rest(search, edge)
        self._told({"edge": edge, "op": op, **record})

    @torch.no_grad()
    def remove(self, search: Search, edges: Sequence[int], **record: Any) -> None:
        """Take edges out of their cell; ``record`` as in :meth:`decide`."""
        for edge in edges:
            self.ops[edge] = None
            search.allowed[edge] = False
            self._rest(search, edge)
        if record:
            self._told({"gone": list(edges), **record})

    def _rest(self, search: Search, edge: int) -> None:
        self._to(search)
        self._kept[edge] = search.op_logits[edge]
        self._fixed[edge] = True

    def _told(self, decision: dict[str, Any]) -> None:
        """Keep what the record of the epoch says: one decision, or one of each kind of cell."""
        if self._last is None:
            self._last = decision
        else:
            self._last = {**self._last, "more": [*self._last.get("more", ()), decision]}

    @torch.no_grad()
    def end_step(self, search: Search) -> None:
        """Take back what weight decay and momentum did to the logits of decided edges."""
        if any(op != -1 for op in self.ops):
            search.op_logits.copy_(torch.where(self._fixed, self._kept, search.op_logits))

    def end_epoch(self, search: Search, epoch: int) -> dict[str, Any]:
        """``decided``: :attr:`ops`; ``decision``: what this epoch decided."""
        row = {"decided": list(self.ops), "decision": self._last}
        self._last = None
        return row

    def restore(self, search: Search, epoch: int) -> None:
        """Bring the kept logits to the search's device."""
        self._to(search)

    def state_dict(self) -> dict[str, Any]:
        """The decisions."""
        return {"ops": self.ops, "kept": self._kept, "fixed": self._fixed, "last": self._last}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.ops, self._last = list(state["ops"]), state["last"]
        self._kept, self._fixed = state["kept"].clone(), state["fixed"].clone()

    def _to(self, search: Search) -> None:
        self._kept, self._fixed = self._kept.to(search.logits), self._fixed.to(search.logits.device)


class RemovalScore:
    """Chooses an edge's operation by what its removal costs on the validation half.

    Args:
        criterion: the accuracy or the loss.
        statistics: of the batch norms.
    """

    def __init__(
        self, *, criterion: Criterion = "accuracy", statistics: Statistics = "batch"
    ) -> None:
        self.criterion, self.statistics = criterion, statistics

    def choose(
        self, search: Search, edge: int, *, barred: int | None = None
    ) -> tuple[int, list[float | None]]:
        """(operation, score without each operation), among those that are not ruled out.

        Args:
            search: as it stands.
            edge: whose operation.
            barred: an operation that is not to be chosen.

        Scores are accuracies in %, or minus the mean loss; None where nothing was tried.
        """
        allowed = search.allowed[edge].tolist()
        candidates = [op for op, free in enumerate(allowed) if free and op != barred]
        op, scores = costliest_removal(
            mixture(search), edge, candidates, lambda beta: self.score(search, beta)
        )
        return op, [scores.get(other) for other in range(len(allowed))]

    def edges_to_go(
        self, search: Search, rows: Sequence[int], keep: int
    ) -> tuple[list[int], list[float]]:
        """(the rows that go of those that enter a node, the score without each edge)."""
        gone, scores = cheapest_removals(
            mixture(search), rows, keep, lambda beta: self.score(search, beta)
        )
        return gone, [scores[row] for row in rows]

    @torch.no_grad()
    def score(self, search: Search, beta: Tensor) -> float:
        """Of the supernet under β over the whole validation half; higher is better."""
        if self.criterion == "accuracy":
            return search.supernet_accuracy(beta, self.statistics)
        total, count = 0.0, 0
        with evaluating(search.supernet, self.statistics):
            for number in range(search.val_batches):
                images, labels = search.val_batch(number)
                scores = search.supernet(images, beta)
                total += float(F.cross_entropy(scores, labels, reduction="sum"))
                count += len(labels)
        return -total / count


@torch.no_grad()
def mixture(search: Search) -> Tensor:
    """The supernet's β without a sample, with its column of edge weights where it has one."""
    return expected_mixture(search, search.logits)


def expected_mixture(search: Search, logits: Tensor) -> Tensor:
    """The same of other logits than the search's own; differentiable."""
    beta = search.relaxation.expected(logits, search.t)
    _, edges = split(logits, beta.shape[1])
    if edges is not None:
        _, edges = split(search.relaxation(logits, search.t), beta.shape[1])
    return joined(beta, edges)
