"""What a fast cell keeps for its backward pass, and what norms come to."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from naslib_edd.spaces.darts.plan import Plan

#: Of all norms, as :class:`~naslib_edd.supernet.layers.BatchNorm` has them.
EPS = 1e-5
MOMENTUM = 0.1


class Kept(NamedTuple):
    """Of one node: the inputs of its terms' last norms, and more.

    Attributes:
        values: a term's operation before its last norm, [B, C, H, W].
        inner: the input of a separable convolution's first norm; None for other operations.
        inner_statistics: its mean and variance, [2, C].
        statistics: of the values, fp64 [terms, 2, C]; mean 0 and variance 1 − eps without a norm.
    """

    values: list[Tensor]
    inner: list[Tensor | None]
    inner_statistics: list[Tensor | None]
    statistics: Tensor

    @staticmethod
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
    return gain.to(dtype), (-gain * statistics[0]).to(dtype)


def norm_backward(statistics: Tensor, sums: Tensor, x: Tensor) -> tuple[Tensor, ...]:
    """p, q and s of a norm, whose input x has the gradient p·e + q·x + s; sums: Σe and Σe·x."""
    count = x.numel() // x.shape[1]
    gain, mean = inverse(statistics), statistics[0]
    slope = -(gain**3) * (sums[1] - mean * sums[0]) / count
    constant = -gain * sums[0] / count - slope * mean
    return tuple(one.to(x.dtype) for one in (gain, slope, constant))


def weight_of(plan: Plan, target: int, beta: Tensor, edge_weights: Tensor | None) -> Tensor:
    """The weight of each term that enters a node, fp64 [terms]."""
    rows = plan.rows[target].to(beta.device)
    found = beta[rows, plan.columns[target].to(beta.device)].double()
    return found if edge_weights is None else found * edge_weights[rows].double()
