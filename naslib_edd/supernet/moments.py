"""Statistics over batch and pixels, from which the norms of 1×1 convolutions follow."""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.supernet.layers import BatchNorm
from naslib_edd.supernet.precision import wide


def pointwise(matrix: Tensor) -> Tensor:
    """[C_out, C_in] as the weight of a 1×1 convolution."""
    return matrix[:, :, None, None]


def rows_of(x: Tensor) -> Tensor:
    """[B, C, H, W] in channels_last memory as a matrix [B·H·W, C], without a copy."""
    return x.permute(0, 2, 3, 1).flatten(0, 2)


def moments(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [C] and biased covariance [C, C] of the rows [N, C], in fp32 at least."""
    rows, count = wide(rows), len(rows)
    mean = rows.mean(0)
    return mean, (rows.t() @ rows).div_(count).sub_(torch.outer(mean, mean))


@torch.no_grad()
def update_running(norm: BatchNorm, mean: Tensor, variance: Tensor, count: int) -> None:
    """Move a norm's running statistics [C] by its momentum; ``variance`` is the biased one."""
    if norm.running_mean is None or norm.running_var is None:
        return
    norm.running_mean.lerp_(mean.to(norm.running_mean), norm.momentum)
    unbiased = variance * (count / max(count - 1, 1))
    norm.running_var.lerp_(unbiased.to(norm.running_var), norm.momentum)
