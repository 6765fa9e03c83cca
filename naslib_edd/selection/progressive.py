"""Progressive learning: a search in two parts, the second with an edge's strongest operations only.

Source: Chen et al. 2021, "DrNAS", and its release's NB201 script with progressive pruning
(xiangning-chen/DrNAS): 50 + 50 epochs, 5 operations then 3, partial channels with K = 4
then 2, the logits at rest for the first 10 epochs of either part. Weights, their momentum and
Adam's moments go on, where channels are new as copies of old ones.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from naslib_edd.data.sampling import generator
from naslib_edd.selection.stage import Search, Stage


def strongest(logits: Tensor, allowed: Tensor, keep: int) -> Tensor:
    """Which operations an edge keeps: bool [edges, operations], ``keep`` in a row.

    Those with the largest logits among the allowed; of logits that tie the first. A row that
    allows fewer keeps them all.
    """
    order = logits.masked_fill(~allowed, -torch.inf).argsort(dim=-1, descending=True, stable=True)
    kept = torch.zeros_like(allowed).scatter_(-1, order[:, :keep], True)
    return kept & allowed


class Progressive(Stage):
    """Rules out all but the strongest operations of each edge, once.

    Args:
        epochs: of the whole search.
        at: the share of them that is the first part.
        keep: operations that each edge keeps.
        warmup: the share of each part in which the logits rest.
        rates: (highest, lowest) learning rate of the weights' cosine over all epochs, if the second
            part is to begin at the highest again, else None. The release makes a new optimizer at
            the boundary, whose rate is the highest, and goes on with the scheduler's old epoch; as
            the scheduler (of today's PyTorch) makes each rate from the one before, the rate falls
            from there to the lowest in the shape of what is left of the cosine.
        anneal_epochs: epochs of the whole cosine.
        partial: K of the partial channels in the second part; 0: as in the first.
        seed: of the copies that new channels begin as.
    """

    def __init__(
        self,
        *,
        epochs: int,
        keep: int,
        at: float = 0.5,
        warmup: float = 0.2,
        rates: tuple[float, float] | None = None,
        anneal_epochs: int | None = None,
        partial: int = 0,
        seed: int = 0,
    ) -> None:
        #: the first epoch (from 0) of the second part; each part has at least one
        self.boundary = min(max(math.floor(at * epochs + 0.5), 1), epochs - 1)
        self.keep, self.rates = keep, rates
        lengths = (self.boundary, epochs - self.boundary)
        self.resting = tuple(math.floor(warmup * length) for length in lengths)
        self.anneal_epochs = anneal_epochs or epochs
        self.partial, self.seed = partial, seed
        self.widened = False

    @torch.no_grad()
    def begin_epoch(self, search: Search, epoch: int) -> None:
        """At the boundary: see the class. The logits of what goes become 0, as the release's."""
        if epoch != self.boundary:
            return
        kept = strongest(search.op_logits, search.allowed, self.keep)
        search.op_logits.masked_fill_(~kept, 0.0)
        search.allowed.copy_(kept)
        if self.partial:
            self._widen(search)

    def end_epoch(self, search: Search, epoch: int) -> dict[str, Any]:
        """How many operations were left on each edge."""
        return {"operations_left": search.allowed.sum(-1).tolist()}

    def restore(self, search: Search, epoch: int) -> None:
        """See :class:`Stage`."""
        if self.widened:
            self._widen(search)

    def state_dict(self) -> dict[str, Any]:
        """Whether the supernet is the second part's."""
        return {"widened": self.widened}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.widened = state["widened"]

    def _widen(self, search: Search) -> None:
        search.supernet.widen(
            partial=self.partial,
            optimizer=search.weight_optimizer,
            generator=generator(self.seed, "widening"),
        )
        self.widened = True

    def logits_rest(self, epoch: int) -> bool:
        """See :class:`Stage`."""
        second = epoch >= self.boundary
        return epoch - self.boundary * second < self.resting[second]

    def learning_rate(self, rate: float, epoch: int) -> float:
        """See :class:`Stage`."""
        if self.rates is None or epoch < self.boundary:
            return rate
        highest, lowest = self.rates
        left = (1 + math.cos(math.pi * min(self.boundary / self.anneal_epochs, 1.0))) / 2
        return lowest + (rate - lowest) / left if left > 0 else highest
