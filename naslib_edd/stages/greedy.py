"""SGAS: every few epochs the surest edge is decided, while the search goes on.

Source: Li et al. 2020, "SGAS: Sequential Greedy Architecture Search", Algorithm 1; release
lightaime/sgas, ``cnn/train_search.py``. The batch size stays (the release's grows as edges free
memory), and a cell keeps all its edges (DARTS' space keeps two a node).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from naslib_edd.selection.greedy import conditional, edge_scores
from naslib_edd.stages.base import Search
from naslib_edd.stages.deciding import Deciding, Perturbing


class Greedy(Deciding):
    """Sequential greedy decisions.

    Args:
        edges, operations: of the cell.
        none: the column of `none`, which is never chosen.
        criterion: 1 (importance and certainty) or 2 (and stability).
        warmup: the first decision is at the end of this epoch (from 0).
        interval: epochs from one decision to the next.
        history: epochs that stability looks back.
        chooser: gives the operation of the edge; None: the largest β.
    """

    def __init__(
        self,
        *,
        edges: int,
        operations: int,
        none: int,
        criterion: Literal["cri1", "cri2"],
        warmup: int,
        interval: int,
        history: int,
        chooser: Perturbing | None = None,
    ) -> None:
        super().__init__(edges=edges, operations=operations)
        self.none, self.criterion, self.chooser = none, criterion, chooser
        self.due = [warmup + number * interval for number in range(edges)]
        self.length = history
        self.history: list[Tensor] = []
        self.beta: Tensor | None = None

    @torch.no_grad()
    def end_epoch(self, search: Search, epoch: int) -> dict[str, Any]:
        """Decide the surest edge, if a decision is due."""
        beta = search.relaxation.expected(search.logits, search.t)
        if self.beta is not None:
            # A decided edge counts with the β that it was decided by, as its logits rest.
            decided = torch.tensor([op >= 0 for op in self.ops], device=beta.device)
            beta = torch.where(decided[:, None], self.beta.to(beta), beta)
        self.beta = beta
        history = [before.to(beta) for before in self.history]
        scores = edge_scores(
            beta, none=self.none, history=history if self.criterion == "cri2" else None
        )
        self.history = [*self.history, conditional(beta, self.none)[1]][-self.length :]
        if epoch in self.due:
            self._decide_best(search, scores)
        return super().end_epoch(search, epoch)

    def choose(self, search: Search) -> Sequence[int]:
        """What is decided, and the largest logit but `none`'s on the other edges."""
        allowed = search.allowed.clone()
        allowed[:, self.none] = False
        best = search.op_logits.detach().masked_fill(~allowed, -torch.inf).argmax(-1).tolist()
        return [op if op >= 0 else best[edge] for edge, op in enumerate(self.ops)]

    def state_dict(self) -> dict[str, Any]:
        """The decisions, and β of epochs before."""
        return {**super().state_dict(), "history": self.history, "beta": self.beta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        super().load_state_dict(state)
        self.history, self.beta = list(state["history"]), state["beta"]

    def _decide_best(self, search: Search, scores: Tensor) -> None:
        decided = [op >= 0 for op in self.ops]
        waiting = torch.tensor(decided, device=scores.device)
        edge = int(scores.masked_fill(waiting, -torch.inf).argmax())
        record: dict[str, Any] = {"edge_scores": scores.tolist()}
        if self.chooser is None:
            assert self.beta is not None
            allowed = search.allowed[edge].clone()
            allowed[self.none] = False
            op = int(self.beta[edge].masked_fill(~allowed, -1.0).argmax())
        else:
            op, record["scores"] = self.chooser.choose(search, edge, barred=self.none)
        self.decide(search, edge, op, **record)
