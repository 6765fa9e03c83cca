"""The regularisers of a config."""

from __future__ import annotations

from naslib_edd.regularisers import Regulariser
from naslib_edd.regularisers.dirichlet_anchor import DirichletAnchor
from naslib_edd.regularisers.group_sparsity import GroupSparsity
from naslib_edd.regularisers.identity_mapping import IdentityMapping
from naslib_edd.settings import SearchSettings
from naslib_edd.spaces.nb201 import SKIP


def make_regularisers(search: SearchSettings) -> list[Regulariser]:
    """What is added to the loss of the logits, in order; none by default."""
    parts: list[Regulariser] = []
    extra = search.edge_columns
    if search.dirichlet_anchor:
        parts.append(DirichletAnchor(weight=search.dirichlet_anchor, extra=extra))
    if (search.sparsity_l1 or search.sparsity_group) and search.arch_optimizer != "proximal_adam":
        parts.append(GroupSparsity(l1=search.sparsity_l1, group=search.sparsity_group, extra=extra))
    if search.identity_penalty:
        parts.append(IdentityMapping(weight=search.identity_penalty, skip=SKIP, extra=extra))
    return parts
