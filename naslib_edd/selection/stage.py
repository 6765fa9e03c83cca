"""What may act at the boundaries of epochs, and what it sees of the search.

Growing (DrNAS), greedy decisions (SGAS), perturbation-based selection (PT) and early stopping are
all of this kind: told where an epoch begins and ends, they may rule operations out, add epochs
behind the search's own, or stop it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from naslib_edd.relaxation import Relaxation
from naslib_edd.spaces import Kept, Space
from naslib_edd.supernet.base import Supernet
from naslib_edd.supernet.layers import Statistics


class Search(Protocol):
    """The search as a stage sees it."""

    #: [edges, operations], with one column more under partial channels: the edge weights' logits.
    logits: Tensor
    #: bool [edges, operations]: which operations are not ruled out. Changed in place.
    allowed: Tensor
    relaxation: Relaxation
    #: temperature, a scalar tensor
    t: Tensor
    supernet: Supernet
    #: the search space
    space: Space
    weight_optimizer: torch.optim.Optimizer

    @property
    def op_logits(self) -> Tensor:
        """The columns of the logits that belong to operations, [edges, operations]."""

    def supernet_accuracy(self, beta: Tensor, statistics: Statistics) -> float:
        """Accuracy, %, of the supernet under β over the whole validation half. Draws nothing."""

    def val_batch(self, number: int) -> tuple[Tensor, Tensor]:
        """The validation images as they are, in order, batch by batch: images and labels."""

    @property
    def val_batches(self) -> int:
        """How many of them there are."""

    def largest(self) -> Kept:
        """The architecture of the largest logits of what is not ruled out."""

    def last_logit_batch(self) -> tuple[Tensor, Tensor]:
        """At the end of an epoch: the images and labels of its last logit step. Draws nothing."""


class Stage:
    """Does nothing at every boundary; the base class of those that do something."""

    #: Epochs that it adds behind the search's own.
    extra_epochs: int = 0
    #: The search ends with the epoch that has just ended.
    stopped: bool = False

    def begin_epoch(self, search: Search, epoch: int) -> None:
        """Before the first step of an epoch (from 0). Not called again on a resume inside it."""

    def end_step(self, search: Search) -> None:
        """After each step."""

    def end_epoch(self, search: Search, epoch: int) -> dict[str, Any]:
        """After the last step of an epoch (from 0); fields for its row of the record."""
        return {}

    def logits_rest(self, epoch: int) -> bool:
        """Whether no logit step is taken in this epoch."""
        return False

    def learning_rate(self, rate: float, epoch: int) -> float:
        """What becomes of the weights' learning rate of the cosine in this epoch."""
        return rate

    def choose(self, search: Search) -> Sequence[int | None] | None:
        """The architecture at the end of an epoch, or None: the largest logits decide."""
        return None

    def restore(self, search: Search, epoch: int) -> None:
        """Before a state of this epoch is loaded: give the supernet the shape that it has there."""

    def state_dict(self) -> dict[str, Any]:
        """What a resumed search needs: tensors, numbers and texts only."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
