"""DARTS-PT: after the search, edge by edge, the operation whose removal costs most.

Source: Wang et al. 2021, "Rethinking Architecture Selection in Differentiable NAS", section 4;
release ruocwang/darts-pt, ``nasbench201/projection.py``. The first edge is decided where the
search's own epochs end, the next after ``tune`` epochs each, the last before the last epoch. Those
epochs train at a constant learning rate, their SGD's momentum begun anew. Each kind of cell decides
an edge at a time. Where nodes keep some of their edges only, decisions about nodes follow, one at a
time: the edges whose removal costs least go (release, ``sota/cnn/projection.py``).
"""

from __future__ import annotations

from typing import Any, Literal

import torch

from naslib_edd.data.sampling import generator
from naslib_edd.selection.fixing import FixesEdges, RemovalScore
from naslib_edd.selection.stage import Search
from naslib_edd.spaces import Layout

Order = Literal["random", "forward", "backward"]


class PerturbationSelection(FixesEdges):
    """Perturbation-based selection.

    Args:
        layout: of the space; where edges go, no edge is decided for `none`.
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
        layout: Layout,
        epochs: int,
        tune: int,
        rate: float,
        order: Order,
        seed: int,
        chooser: RemovalScore,
    ) -> None:
        super().__init__(layout=layout)
        self.epochs, self.rate, self.chooser = epochs, rate, chooser
        edges = max(len(cell.edges) for cell in layout.cells)
        #: the nodes that lose edges, cell by cell
        self.nodes = [[n for n in layout.losing if n[0] == cell.name] for cell in layout.cells]
        decisions = edges + max(map(len, self.nodes))
        # The release's tune·(decisions − 1) epochs; an epoch a decision where that leaves one out.
        self.extra_epochs = max(tune * (decisions - 1), decisions)
        last = epochs + self.extra_epochs - 1
        self.due = [min(epochs + number * tune, last) for number in range(decisions)]
        if order == "random":
            random = generator(seed, "perturbation-based selection")
            self.order: list[int] = torch.randperm(edges, generator=random).tolist()
        else:
            self.order = list(range(edges))[:: 1 if order == "forward" else -1]

    def begin_epoch(self, search: Search, epoch: int) -> None:
        """Make the decision that is due."""
        if epoch == self.epochs:
            search.weight_optimizer.state.clear()
        for number, due in enumerate(self.due):
            if due == epoch:
                self._decide_next(search, number)

    def _decide_next(self, search: Search, number: int) -> None:
        """One decision of each kind of cell: an operation, or which edges go."""
        for cell, nodes in zip(self.layout.cells, self.nodes, strict=True):
            if number < len(self.order):
                rows = self.layout.rows(cell.name)
                if self.order[number] < len(rows):
                    edge = rows[self.order[number]]
                    barred = self.layout.none if self.layout.thinned else None
                    op, scores = self.chooser.choose(search, edge, barred=barred)
                    self.decide(search, edge, op, scores=scores)
            elif number - len(self.order) < len(nodes):
                node = nodes[number - len(self.order)]
                rows_in = self.layout.nodes[node]
                gone, costs = self.chooser.edges_to_go(search, rows_in, self.layout.keep(node))
                self.remove(search, gone, node=list(node), scores=costs)

    def learning_rate(self, rate: float, epoch: int) -> float:
        """See :class:`Stage`."""
        return self.rate if epoch >= self.epochs else rate

    def end_epoch(self, search: Search, epoch: int) -> dict[str, Any]:
        """See :class:`FixesEdges`; nothing before the selection begins."""
        return super().end_epoch(search, epoch) if epoch >= self.epochs else {}
