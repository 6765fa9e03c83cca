"""What the norms of a fast cell come to."""

from __future__ import annotations

import torch
from torch import Tensor

#: Of all norms, as :class:`~naslib_edd.supernet.layers.BatchNorm` has them.
EPS = 1e-5
MOMENTUM = 0.1


def statistics_of(z: Tensor) -> Tensor:
    """Mean and biased variance of z [B, C, H, W] over batch and pixels, fp64 [2, C]."""
    variance, mean = torch.var_mean(z, (0, 2, 3), correction=0)
    return torch.stack([mean, variance]).double()


def no_norm(x: Tensor) -> Tensor:
    """The statistics of which a norm would change nothing, [2, C]."""
    statistics = x.new_zeros(2, x.shape[1], dtype=torch.float64)
    statistics[1] = 1 - EPS
    return statistics


def inverse(statistics: Tensor) -> Tensor:
    """1/σ of statistics [..., 2, C]."""
    return (statistics[..., 1, :] + EPS).rsqrt()


def affine(statistics: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """A norm as a·x + b."""
    gain = inverse(statistics)
    return gain.to(dtype), (-gain * statistics[..., 0, :]).to(dtype)


def norm_backward(
    statistics: Tensor, total: Tensor, product: Tensor, weight: Tensor | float, count: int
) -> tuple[Tensor, Tensor]:
    """Of norms whose outputs are weighed: what the gradients of their inputs are made of.

    Args:
        statistics: of their inputs x, [..., 2, C].
        total, product: Σe and Σe·x over batch and pixels, [C] and [..., C], where e is the gradient
            of what the weighed outputs are added to.
        weight: of each, [...].
        count: batch times pixels.

    Returns:
        Σe·(x − μ)/σ [..., C], and p, q and s [..., 3, C]: x has the gradient p·e + q·x + s.
    """
    mean, spread = statistics[..., 0, :], inverse(statistics)
    along = (product - mean * total) * spread
    gain = spread * (weight[..., None] if isinstance(weight, Tensor) else weight)
    slope = -gain * spread * along / count
    return along, torch.stack([gain, slope, -gain * total / count - slope * mean], -2)
