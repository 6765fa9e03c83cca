"""The relaxation of a config, and the mask of its operations."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from naslib_edd.config.settings import SearchSettings
from naslib_edd.engine.build.own import own_part
from naslib_edd.errors import UserError
from naslib_edd.relaxation import (
    AuxiliarySkip,
    Concrete,
    Dirichlet,
    EdgeWeights,
    Gumbel,
    Linear,
    Masked,
    Ordered,
    ReinMax,
    Relaxation,
    Sigmoid,
    Simplex,
    SimplexEdgeWeights,
    SnSoftmax,
    Softmax,
    Uniform,
)
from naslib_edd.spaces import Layout


def make_allowed(
    search: SearchSettings,
    *,
    edges: int,
    none: int | None,
    operations: int,
    names: Sequence[str] | None = None,
    choices: Sequence[Sequence[int]] | None = None,
) -> Tensor:
    """Which operations take part, bool [edges, operations].

    Args:
        search: the settings.
        edges, operations: of the cell.
        none: the column of `none`; None where the space has no such operation.
        names: of the columns; None where the space's are not to be named by a setting.
        choices: the columns that each edge has; None: all of them.

    Raises:
        UserError: ``search.operations`` where they are other operations.
    """
    allowed = torch.ones(edges, operations, dtype=torch.bool)
    if search.operations is not None:
        if names is None:
            raise UserError(
                "search.operations names operations of NAS-Bench-201, and this search space has "
                "others: leave it out"
            )
        allowed[:, [name not in search.operations for name in names]] = False
    if search.exclude_none and none is not None:
        allowed[:, none] = False
    if choices is not None:
        for row, columns in zip(allowed, choices, strict=True):
            row[[column for column in range(operations) if column not in columns]] = False
        if not allowed.any(-1).all():
            raise UserError(
                "search.operations leaves nothing to choose from on some edges, which have other "
                "operations"
            )
    return allowed


def allowed_in(search: SearchSettings, layout: Layout) -> Tensor:
    """:func:`make_allowed` of a space's edges and operations."""
    return make_allowed(
        search,
        edges=layout.edges,
        operations=len(layout.operations),
        none=layout.none,
        names=layout.operations,
        choices=layout.choices,
    )


def make_relaxation(
    search: SearchSettings,
    *,
    generator: torch.Generator | None = None,
    allowed: Tensor | None = None,
    targets: Sequence[Hashable] = (),
    skip: int | None = None,
) -> Relaxation:
    """The relaxation of a config.

    Args:
        search: the settings.
        generator: what those that sample draw from.
        allowed: the mask, held by the relaxation; None: every operation takes part, for good.
        targets: the node that each edge enters; for the edge weights of partial channels.
        skip: the column of `skip_connect`; for the auxiliary skip connection, which needs it.
    """
    relaxation = _of_operations(search, generator or torch.Generator())
    if allowed is not None:
        relaxation = Masked(relaxation=relaxation, allowed=allowed)
    if search.edge_columns:
        kind = SimplexEdgeWeights if search.relaxation == "simplex" else EdgeWeights
        relaxation = kind(operations=relaxation, targets=targets)
    if search.auxiliary_skip > 0:
        if skip is None:
            raise ValueError("search.auxiliary_skip needs the column of skip_connect")
        relaxation = AuxiliarySkip(
            relaxation=relaxation,
            skip=skip,
            weight=search.auxiliary_skip,
            decay=search.auxiliary_skip_decay,
            epochs=search.epochs,
            allowed=allowed,
        )
    return relaxation


def _of_operations(search: SearchSettings, generator: torch.Generator) -> Relaxation:
    if search.own_relaxation is not None:
        own: Relaxation = own_part("relaxation", search, generator=generator)
        return own
    if search.relaxation == "softmax":
        return Softmax()
    if search.relaxation == "simplex":
        return Simplex()
    if search.relaxation == "sigmoid":
        return Sigmoid()
    if search.relaxation == "uniform":
        return Uniform(generator=generator)
    if search.relaxation in ("gumbel", "sn_gumbel"):
        return Gumbel(generator=generator, s=search.s if search.relaxation == "sn_gumbel" else None)
    if search.relaxation == "dirichlet":
        return Dirichlet(generator=generator)
    if search.relaxation == "concrete":
        return Concrete(generator=generator)
    if search.relaxation == "reinmax":
        return ReinMax(generator=generator)
    if search.relaxation == "linear":
        return Linear()
    if search.relaxation == "ordered":
        return Ordered(generator=generator)
    return SnSoftmax(s=search.s, noise_at_one=search.noise_at_one)
