"""Zero-one loss: pulls every gate towards 0 or 1: FairDARTS.

Source: Chu et al. 2020, "Fair DARTS", eq. 6 (the L2 form); xiaomi-automl/FairDARTS,
``ConvSeparateLoss``. The release adds it to the loss of both steps; the weights do not feel it.
"""

from __future__ import annotations

from torch import Tensor

from naslib_edd.bilevel.regularisers.base import Regulariser
from naslib_edd.spaces.edge_column import split


class ZeroOne(Regulariser):
    """−weight · mean of (β − ½)² over the allowed operations of all edges.

    Args:
        weight: of the loss.
        allowed: bool [edges, operations]; held, not copied. What it rules out takes no part.
    """

    def __init__(self, *, weight: float, allowed: Tensor) -> None:
        self.weight, self.allowed = weight, allowed

    def __call__(self, logits: Tensor, beta: Tensor) -> Tensor:
        """The penalty, a scalar between −weight/4 and 0."""
        allowed = self.allowed.to(beta.device)
        distance = (split(beta, allowed.shape[1])[0] - 0.5).square() * allowed
        return -self.weight * distance.sum() / allowed.sum()
