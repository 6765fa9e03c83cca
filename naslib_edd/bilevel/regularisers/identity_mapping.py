"""A price on the identity: what `skip_connect` takes of the edges' probability.

weight · mean over edges of softmax(A)[skip]. Where weights and architecture are trained together,
skip connections win for the gradient they let through, not for what they add; a price takes part of
that advantage away. After SurgeNAS (Luo et al. 2022), which names an identity-mapping
regularisation; this form of it is our assumption.
"""

from __future__ import annotations

from torch import Tensor

from naslib_edd.bilevel.regularisers.base import Regulariser
from naslib_edd.relaxation.entropy import mean_there
from naslib_edd.relaxation.masked import masked_logits
from naslib_edd.spaces.edge_column import split


class IdentityMapping(Regulariser):
    """weight · mean_e softmax(A_e)[skip].

    Args:
        weight: above 0.
        skip: the column of `skip_connect`.
        allowed: bool [edges, operations], the operations that take part; held, not copied.
    """

    def __init__(self, *, weight: float, skip: int, allowed: Tensor) -> None:
        self.weight, self.skip, self.allowed = weight, skip, allowed

    def __call__(self, logits: Tensor, beta: Tensor) -> Tensor:
        """See :class:`Regulariser`; of the logits, for β may be a sample."""
        columns, _ = split(logits, self.allowed.shape[1])
        share = masked_logits(columns, self.allowed).softmax(-1)[:, self.skip]
        return self.weight * mean_there(share, self.allowed.any(-1))
