"""The relaxation of a config, and the mask of its operations."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from naslib_edd.relaxation import (
    EdgeWeights,
    Gumbel,
    Masked,
    Relaxation,
    SnSoftmax,
    Softmax,
    Uniform,
)
from naslib_edd.settings import SearchSettings


def make_allowed(search: SearchSettings, *, edges: int, none: int, operations: int) -> Tensor:
    """Which operations take part, bool [edges, operations]; ``none`` is the column of `none`."""
    allowed = torch.ones(edges, operations, dtype=torch.bool)
    if search.exclude_none:
        allowed[:, none] = False
    return allowed


def make_relaxation(
    search: SearchSettings,
    *,
    generator: torch.Generator | None = None,
    allowed: Tensor | None = None,
    targets: Sequence[Hashable] = (),
) -> Relaxation:
    """The relaxation of a config.

    Args:
        search: the settings.
        generator: what those that sample draw from.
        allowed: the mask, held by the relaxation; None: every operation takes part, for good.
        targets: the node that each edge enters; for the edge weights of partial channels.
    """
    relaxation = _of_operations(search, generator or torch.Generator())
    if allowed is not None:
        relaxation = Masked(relaxation=relaxation, allowed=allowed)
    if search.partial_channels > 1:
        relaxation = EdgeWeights(operations=relaxation, targets=targets)
    return relaxation


def _of_operations(search: SearchSettings, generator: torch.Generator) -> Relaxation:
    if search.relaxation == "softmax":
        return Softmax()
    if search.relaxation == "uniform":
        return Uniform(generator=generator)
    if search.relaxation in ("gumbel", "sn_gumbel"):
        return Gumbel(generator=generator, s=search.s if search.relaxation == "sn_gumbel" else None)
    return SnSoftmax(s=search.s, noise_at_one=search.noise_at_one)
