"""Weighted sums of tensors [B, C, H, W], and sums over batch and pixels, by PyTorch.

The slow twins of ``weighted`` and ``all_dots`` in ``mixed.h``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_DIMS = (0, 2, 3)


def weighted(xs: Sequence[Tensor], gains: Tensor, constant: Tensor) -> Tensor:
    """Constant [C] + Σ gains·x over n tensors, gains [n, C]."""
    out = constant[:, None, None] + gains[0, :, None, None] * xs[0]
    for gain, x in zip(gains[1:], xs[1:], strict=True):
        out.addcmul_(gain[:, None, None], x)
    return out


def dots(grad: Tensor, xs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Σg [C], and Σg·x for each of n tensors, fp64 [n, C]."""
    wide = grad.double()
    return wide.sum(_DIMS), torch.stack([(wide * x).sum(_DIMS) for x in xs])
