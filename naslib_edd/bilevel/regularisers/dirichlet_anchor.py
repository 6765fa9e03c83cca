"""DrNAS' anchor: the Dirichlet of each edge stays near the uniform one, Dirichlet(1).

Σ over edges of KL(Dir(c) ‖ Dir(1)), c = elu(A) + 1, in nats. With c₀ = Σc over M operations::

    KL = ln Γ(c₀) − Σ ln Γ(c_i) − ln Γ(M) + Σ (c_i − 1)·(ψ(c_i) − ψ(c₀))

Source: Chen et al. 2021, "DrNAS"; the release's ``--reg_type kl`` (xiangning-chen/DrNAS), whose
``reg_scale`` is the weight, 1e-3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.bilevel.regularisers.base import Regulariser
from naslib_edd.relaxation.dirichlet import concentration
from naslib_edd.relaxation.masked import masked_logits
from naslib_edd.spaces.edge_column import split


def kl_to_uniform(c: Tensor) -> Tensor:
    """KL(Dir(c) ‖ Dir(1)) of each row, in nats: [..., M] to [...].

    An entry of c that is 0 has no part in it: M counts the others.
    """
    there = c > 0
    total = c.sum(-1, keepdim=True)
    safe = torch.where(there, c, 1.0)
    apart = (safe - 1) * (torch.digamma(safe) - torch.digamma(total)) - torch.lgamma(safe)
    count = there.sum(-1).to(c)
    return torch.lgamma(total.squeeze(-1)) - torch.lgamma(count) + apart.where(there, 0.0).sum(-1)


class DirichletAnchor(Regulariser):
    """weight · Σ_e KL(Dir(elu(A_e) + 1) ‖ Dir(1)).

    Args:
        weight: above 0; the release's is 1e-3.
        allowed: bool [edges, operations], the operations that take part; held, not copied. (The
            release's KL goes on counting what is pruned, at the concentration 1 that this leaves.)

    The temperature takes no part in it.
    """

    def __init__(self, *, weight: float, allowed: Tensor) -> None:
        self.weight, self.allowed = weight, allowed

    def __call__(self, logits: Tensor, beta: Tensor) -> Tensor:
        """See :class:`Regulariser`."""
        columns, _ = split(logits, self.allowed.shape[1])
        left = masked_logits(columns, self.allowed)
        of_edges = kl_to_uniform(concentration(left)).masked_fill(~self.allowed.any(-1), 0.0)
        penalty = self.weight * of_edges.sum()
        return penalty.to(logits.dtype)
