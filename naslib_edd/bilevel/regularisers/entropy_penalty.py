"""A penalty on the entropy of softmax(A) whose sign turns halfway: DARTS-AER.

weight(epoch) · mean over edges of H(softmax(A)) in bits, with, of E epochs::

    weight(epoch) = −weight · cos(π · epoch / E)

At first it rewards entropy, so that no operation wins early; in the second half it takes it away.
(EDD brings the entropy down by the temperature, whose step it makes of the entropy; this does by
the loss.) Source: Jing, Chen & Xu 2023, "An Architecture Entropy Regularizer for Differentiable
Neural Architecture Search" (Neural Networks); weight and schedule are those of its release,
kunjing96/DARTS-AER, AutoDL-Projects' DARTS-V1-AER.
"""

from __future__ import annotations

import math

from torch import Tensor

from naslib_edd.bilevel.regularisers.base import Regulariser
from naslib_edd.relaxation.entropy import mean_there
from naslib_edd.relaxation.masked import masked_logits
from naslib_edd.spaces.edge_column import split


class EntropyPenalty(Regulariser):
    """weight(epoch) · mean_e H(softmax(A_e)), in bits.

    Args:
        weight: above 0; −weight in the first epoch, towards +weight after the last.
        epochs: of the search, E.
        allowed: bool [edges, operations], the operations that take part; held, not copied.
    """

    def __init__(self, *, weight: float, epochs: int, allowed: Tensor) -> None:
        self.last, self.epochs, self.allowed = weight, epochs, allowed
        #: in the present epoch
        self.weight = -weight

    def __call__(self, logits: Tensor, beta: Tensor) -> Tensor:
        """The penalty, a scalar; of the logits at t = 1, for β may be a sample."""
        out = ~self.allowed.to(logits.device)
        columns, _ = split(logits, out.shape[1])
        left = masked_logits(columns, ~out).log_softmax(-1)
        # 0·log 0 is 0, and so is its gradient.
        bits = -(left.exp() * left.masked_fill(out, 0.0)).sum(-1) / math.log(2)
        return self.weight * mean_there(bits, (~out).any(-1))

    def begin_epoch(self, epoch: int) -> None:
        """Set the weight of this epoch."""
        self.weight = -self.last * math.cos(math.pi * min(epoch / self.epochs, 1.0))
