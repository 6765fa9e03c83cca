"""SGAS: every few epochs the surest edge is decided, while the search goes on.

Source: Li et al. 2020, "SGAS: Sequential Greedy Architecture Search", Algorithm 1; release
lightaime/sgas, ``cnn/train_search.py``. The batch size stays (the release's grows as edges free
memory). Where a cell keeps some edges only (DARTS' space: two a node), a node that has them loses
the others; each kind of cell decides an edge at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from naslib_edd.relaxation.masked import masked_logits
from naslib_edd.selection.fixing import FixesEdges, RemovalScore
from naslib_edd.selection.greedy import conditional, edge_scores
from naslib_edd.selection.stage import Search
from naslib_edd.spaces import Layout


class Greedy(FixesEdges):
    """Sequential greedy decisions.

    Args:
        layout: of the space; `none`, where it has one, is never chosen.
        criterion: 1 (importance and certainty) or 2 (and stability).
        warmup: the first decision is at the end of this epoch (from 0).
        interval: epochs from one decision to the next.
        history: epochs that stability looks back.
        chooser: gives the operation of the edge; None: the largest β.
    """

    def __init__(
        self,
        *,
        layout: Layout,
        criterion: Literal["cri1", "cri2"],
        warmup: int,
        interval: int,
        history: int,
        chooser: RemovalScore | None = None,
    ) -> None:
        super().__init__(layout=layout)
        self.none, self.criterion, self.chooser = layout.none, criterion, chooser
        self.due = [warmup + number * interval for number in range(layout.decisions)]
        self.length = history
        self.history: list[Tensor] = []
        self.beta: Tensor | None = None

    @torch.no_grad()
    def end_epoch(self, search: Search, epoch: int) -> dict[str, Any]:
        """Decide the surest edge, if a decision is due."""
        beta = search.relaxation.expected(search.logits, search.t)
        if self.beta is not None:
            # A decided edge counts with the β that it was decided by, as its logits rest.
            decided = torch.tensor([op != -1 for op in self.ops], device=beta.device)
            beta = torch.where(decided[:, None], self.beta.to(beta), beta)
        self.beta = beta
        history = [before.to(beta) for before in self.history]
        self.history = [*self.history, conditional(beta, self.none)[1]][-self.length :]
        if epoch in self.due:
            for cell in self.layout.cells:
                self._decide_best(search, self.layout.rows(cell.name), history)
        return super().end_epoch(search, epoch)

    def choose(self, search: Search) -> Sequence[int | None]:
        """What is decided, and the largest logit but `none`'s on the other edges."""
        best = self._best(search)
        return [best[edge] if op == -1 else op for edge, op in enumerate(self.ops)]

    def state_dict(self) -> dict[str, Any]:
        """The decisions, and β of epochs before."""
        return {**super().state_dict(), "history": self.history, "beta": self.beta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        super().load_state_dict(state)
        self.history, self.beta = list(state["history"]), state["beta"]

    def _best(self, search: Search) -> Sequence[int | None]:
        if self.layout.thinned:
            return search.largest()
        left = masked_logits(search.op_logits.detach(), self._choosable(search))
        best: list[int] = left.argmax(-1).tolist()
        return best

    def _choosable(self, search: Search) -> Tensor:
        allowed = search.allowed.clone()
        if self.none is not None:
            allowed[:, self.none] = False
        return allowed

    def _decide_best(self, search: Search, rows: Sequence[int], history: list[Tensor]) -> None:
        """Decide the surest edge of one kind of cell; its node may then be full."""
        waiting = self.waiting(rows)
        if not waiting:
            return
        assert self.beta is not None
        first, last = rows[0], rows[-1] + 1
        scores = edge_scores(
            self.beta[first:last],
            none=self.none,
            history=[h[first:last] for h in history] if self.criterion == "cri2" else None,
            widths=self._widths(rows),
        )
        left = torch.tensor([row not in waiting for row in rows], device=scores.device)
        edge = first + int(scores.masked_fill(left, -torch.inf).argmax())
        record: dict[str, Any] = {"edge_scores": scores.tolist()}
        if self.chooser is None:
            op = int(self.beta[edge].masked_fill(~self._choosable(search)[edge], -1.0).argmax())
        else:
            op, record["scores"] = self.chooser.choose(search, edge, barred=self.none)
        self.decide(search, edge, op, **record)
        node = self.layout.targets[edge]
        entering = self.layout.nodes[node]
        decided = [row for row in entering if self.ops[row] not in (-1, None)]
        if len(decided) == self.layout.keep(node):
            self.remove(search, self.waiting(entering))

    def _widths(self, rows: Sequence[int]) -> Sequence[int] | None:
        """How many operations but `none` each edge has, where edges have different ones."""
        if self.layout.choices is None:
            return None
        return [len(set(self.layout.columns(row)) - {self.none}) for row in rows]
