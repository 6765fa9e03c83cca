"""Beta-Decay: the mean over edges of logsumexp(A), with a weight that rises: β-DARTS.

It slows the growth of the largest logits, and so the variance of softmax(A).
Source: Ye et al. 2022, "β-DARTS: Beta-Decay Regularization for Differentiable Architecture Search",
eq. 11-13; reduction and schedule are those of its release (Sunshine-Ye/Beta-DARTS, ``mlc_loss``).
"""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.bilevel.regularisers.base import Regulariser
from naslib_edd.relaxation.entropy import mean_there
from naslib_edd.relaxation.masked import masked_logits
from naslib_edd.spaces.edge_column import split


class BetaDecay(Regulariser):
    """weight(epoch) · mean over edges of logsumexp over the allowed operations.

    Args:
        weight: towards which the weight rises from 0, by the same amount each epoch.
        epochs: of the search; the last of them has weight·(epochs − 1)/epochs.
        allowed: bool [edges, operations]; held, not copied. What it rules out takes no part.
    """

    def __init__(self, *, weight: float, epochs: int, allowed: Tensor) -> None:
        self.last, self.epochs, self.allowed = weight, epochs, allowed
        #: in the present epoch
        self.weight = 0.0

    def __call__(self, logits: Tensor, beta: Tensor) -> Tensor:
        """The penalty, a scalar; of the logits as they are, whatever the temperature."""
        operations, _ = split(logits, self.allowed.shape[1])
        allowed = self.allowed.to(logits.device)
        kept = torch.logsumexp(masked_logits(operations, allowed), dim=-1)
        return self.weight * mean_there(kept, allowed.any(-1))

    def begin_epoch(self, epoch: int) -> None:
        """Set the weight of this epoch."""
        self.weight = self.last * min(epoch / self.epochs, 1.0)
