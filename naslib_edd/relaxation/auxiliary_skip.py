"""An auxiliary skip connection beside the operations, which fades out: DARTS-.

Every edge passes w(epoch)·x on beside its weighted operations. Where `skip_connect` is the
identity, that is the same as w on top of its β. The auxiliary one is no operation: it has no logit,
takes no part in β's normalisation, its entropy or the selection.

Source: Chu et al. 2021, "DARTS-", eq. 8; the schedules are those of its release,
Meituan-AutoML/DARTS- (``DecayScheduler``).
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from naslib_edd.errors import UserError
from naslib_edd.relaxation.base import Relaxation

Decay = Literal["linear", "cosine", "slow_cosine", "constant"]


def auxiliary_weight(kind: Decay, *, first: float, epoch: int, epochs: int) -> float:
    """The weight in an epoch (from 0): ``first`` at the start, towards 0 after the last.

    ``linear`` goes straight down, ``cosine`` by half a cosine's wave, ``slow_cosine`` by a quarter.
    """
    done = min(epoch / epochs, 1.0)
    if kind == "linear":
        return first * (1 - done)
    if kind == "cosine":
        return first * (1 + math.cos(math.pi * done)) / 2
    return first if kind == "constant" else first * math.cos(math.pi / 2 * done)


class AuxiliarySkip(Relaxation):
    """A relaxation with the auxiliary weight added to the column of `skip_connect`.

    Args:
        relaxation: of the operations. Not one that samples: its rows would no longer be one-hot.
        skip: the column of `skip_connect`, the identity on every edge.
        weight: of the auxiliary connection in the first epoch.
        decay: how the weight goes down.
        epochs: of the search: in these it goes down, in any more it is 0 (but for ``constant``).
        allowed: bool [edges, operations], held: an edge without `skip_connect`, or gone, has no
            auxiliary one. Where an edge halves the image, it shares the weights of that edge's own.

    Raises:
        UserError: the relaxation samples.
    """

    def __init__(
        self,
        *,
        relaxation: Relaxation,
        skip: int,
        weight: float,
        decay: Decay,
        epochs: int,
        allowed: Tensor | None = None,
    ) -> None:
        if relaxation.sampled:
            raise UserError(
                "search.auxiliary_skip does not go with a relaxation that samples one operation an "
                "edge: the skip connection would be a second one; use softmax or sn_softmax"
            )
        self.relaxation, self.skip, self.allowed = relaxation, skip, allowed
        self.first, self.decay, self.epochs = weight, decay, epochs
        #: in the present epoch
        self.weight = weight

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """β of the shape that the relaxation gives, larger by the weight in the skip's column."""
        return self._with_skip(self.relaxation(logits, t))

    def quiet(self, logits: Tensor, t: Tensor) -> Tensor:
        """See :class:`Relaxation`; with the auxiliary connection."""
        return self._with_skip(self.relaxation.quiet(logits, t))

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """See :class:`Relaxation`; without the auxiliary connection, which is no operation."""
        return self.relaxation.expected(logits, t)

    def edge_weights(self, logits: Tensor) -> Tensor | None:
        """See :class:`Relaxation`."""
        return self.relaxation.edge_weights(logits)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """The relaxation's: what is added does not depend on the logits."""
        return self.relaxation.gradient_terms(logits, t, grad)

    def begin_epoch(self, epoch: int) -> None:
        """Set the weight of this epoch."""
        self.relaxation.begin_epoch(epoch)
        self.weight = auxiliary_weight(
            self.decay, first=self.first, epoch=epoch, epochs=self.epochs
        )

    def state_dict(self) -> dict[str, Any]:
        """The relaxation's; the weight is the epoch's."""
        return self.relaxation.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.relaxation.load_state_dict(state)

    def _with_skip(self, beta: Tensor) -> Tensor:
        extra = torch.zeros_like(beta)
        extra[:, self.skip].fill_(self.weight)
        if self.allowed is not None:
            extra[:, self.skip].masked_fill_(~self.allowed[:, self.skip], 0.0)
        return beta + extra
