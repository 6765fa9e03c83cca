"""The regularisers of a config."""

from __future__ import annotations

from torch import Tensor

from naslib_edd.bilevel.regularisers import BetaDecay, Regulariser, ZeroOne
from naslib_edd.bilevel.regularisers.dirichlet_anchor import DirichletAnchor
from naslib_edd.bilevel.regularisers.entropy_penalty import EntropyPenalty
from naslib_edd.bilevel.regularisers.group_sparsity import GroupSparsity
from naslib_edd.bilevel.regularisers.identity_mapping import IdentityMapping
from naslib_edd.config.settings import SearchSettings
from naslib_edd.engine.build.own import own_part
from naslib_edd.spaces import Layout


def make_regularisers(
    search: SearchSettings, *, allowed: Tensor, skip: int | None, layout: Layout | None = None
) -> list[Regulariser]:
    """What is added to the loss of the logits, in order; none by default.

    Args:
        search: the settings.
        allowed: bool [edges, operations], the operations that take part; held by the regularisers.
        skip: the column of `skip_connect`; for the identity's price, which needs it.
        layout: of the space, for a regulariser of one's own; NAS-Bench-201's by default.
    """
    found: list[Regulariser] = []
    if search.beta_decay > 0:
        found.append(BetaDecay(weight=search.beta_decay, epochs=search.epochs, allowed=allowed))
    if search.zero_one > 0:
        found.append(ZeroOne(weight=search.zero_one, allowed=allowed))
    if search.dirichlet_anchor:
        found.append(DirichletAnchor(weight=search.dirichlet_anchor, allowed=allowed))
    if (search.sparsity_l1 or search.sparsity_group) and search.arch_optimizer != "proximal_adam":
        found.append(
            GroupSparsity(
                l1=search.sparsity_l1, group=search.sparsity_group, operations=allowed.shape[1]
            )
        )
    if search.entropy_penalty:
        found.append(
            EntropyPenalty(weight=search.entropy_penalty, epochs=search.epochs, allowed=allowed)
        )
    if search.identity_penalty and skip is not None:
        found.append(IdentityMapping(weight=search.identity_penalty, skip=skip, allowed=allowed))
    if search.own_regulariser is not None:
        found.append(own_part("regulariser", search, allowed=allowed, layout=layout))
    return found
