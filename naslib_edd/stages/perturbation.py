"""DARTS-PT: after the search, edge by edge, the operation whose removal costs most.

Source: Wang et al. 2021, "Rethinking Architecture Selection in Differentiable NAS", section 4;
release ruocwang/darts-pt, ``nasbench201/projection.py``. The first edge is decided where the
search's own epochs end, the next after ``tune`` epochs each, the last before the last epoch. Those
epochs train at a constant learning rate, their SGD's momentum begun anew.
"""

from __future__ import annotations

from typing import Any, Literal

import torch

from naslib_edd.data.sampling import generator
from naslib_edd.stages.base import Search
from naslib_edd.stages.deciding import Deciding, Perturbing

Order = Literal["random", "forward", "backward"]


class PerturbationSelection(Deciding):
    """Perturbation-based selection.

    Args:
        edges, operations: of the cell.
        epochs: of the search itself.
        tune: epochs between two decisions.
        rate: learning rate of the weights in those epochs.
        order: of the edges: drawn from the seed, from the first to the last, or the other way.
        seed: the run's.
        chooser: how an edge's operation is chosen.
    """

    def __init__(
        self,
        *,
        edges: int,
        operations: int,
        epochs: int,
        tune: int,
        rate: float,
        order: Order,
        seed: int,
        chooser: Perturbing,
    ) -> None:
        super().__init__(edges=edges, operations=operations)
        self.epochs, self.rate, self.chooser = epochs, rate, chooser
        # The release's tune·(edges − 1) epochs; an epoch an edge where that leaves one out.
        self.extra_epochs = max(tune * (edges - 1), edges)
        last = epochs + self.extra_epochs - 1
        self.due = [min(epochs + number * tune, last) for number in range(edges)]
        if order == "random":
            random = generator(seed, "perturbation-based selection")
            self.order: list[int] = torch.randperm(edges, generator=random).tolist()
        else:
            self.order = list(range(edges))[:: 1 if order == "forward" else -1]

    def begin_epoch(self, search: Search, epoch: int) -> None:
        """Decide the edge that is due."""
        if epoch == self.epochs:
            search.weight_optimizer.state.clear()
        if epoch in self.due:
            edge = self.order[self.due.index(epoch)]
            op, scores = self.chooser.choose(search, edge)
            self.decide(search, edge, op, scores=scores)

    def learning_rate(self, rate: float, epoch: int) -> float:
        """See :class:`Stage`."""
        return self.rate if epoch >= self.epochs else rate

    def end_epoch(self, search: Search, epoch: int) -> dict[str, Any]:
        """See :class:`Deciding`; nothing before the selection begins."""
        return super().end_epoch(search, epoch) if epoch >= self.epochs else {}
