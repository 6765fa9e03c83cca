"""Layers that every NB201 network shares: batch norm with named statistics, stem, reduction, head.

Source: NAS-Bench-201's networks (Dong & Yang 2020): stem 3×3 conv + BN; three stages of N cells
with C, 2C, 4C channels; a residual block of stride 2 between stages; BN, ReLU, pool, linear.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Statistics = Literal["batch", "running"]


class BatchNorm(nn.Module):
    """Batch norm over [B, C, H, W] that can evaluate with either kind of statistics.

    In training mode it normalises by the batch and, with ``running``, updates the running mean and
    variance (momentum .1). In evaluation mode it uses the running statistics, or the batch's where
    it keeps none or :func:`evaluating` asked for them; evaluation never changes the running ones.

    Args:
        channels: C.
        affine: learn a scale and a shift a channel.
        running: keep running statistics.
    """

    running_mean: Tensor | None
    running_var: Tensor | None

    def __init__(self, *, channels: int, affine: bool, running: bool) -> None:
        super().__init__()
        self.channels = channels
        self.momentum = 0.1
        self.eps = 1e-5
        self.evaluate_with: Statistics = "running"
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.register_buffer("running_mean", torch.zeros(channels) if running else None)
        self.register_buffer("running_var", torch.ones(channels) if running else None)

    def forward(self, x: Tensor, scale: Tensor | None = None) -> Tensor:
        """Normalise; ``scale`` [C] multiplies the result (in the place of an affine weight)."""
        return self.apply_slice(x, slice(None), scale)

    def apply_slice(self, x: Tensor, part: slice, scale: Tensor | None = None) -> Tensor:
        """Normalise x, which holds only the channels ``part`` of this layer (statistics too)."""
        mean, var = self.running_mean, self.running_var
        batch = self.training or mean is None or self.evaluate_with == "batch"
        if batch and not self.training:
            mean = var = None
        weight = scale if scale is not None else self.weight
        return F.batch_norm(
            x,
            None if mean is None else mean[part],
            None if var is None else var[part],
            None if weight is None else weight[part] if scale is None else weight,
            None if self.bias is None else self.bias[part],
            batch,
            self.momentum,
            self.eps,
        )


@contextmanager
def evaluating(network: nn.Module, statistics: Statistics) -> Iterator[None]:
    """Evaluation mode with the given batch-norm statistics; the former mode comes back after.

    PyTorch's own norms (of a host's network) go by the batch, too: without running statistics.
    """
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    others = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    was_training = network.training
    before = [norm.evaluate_with for norm in norms]
    held = [(norm.running_mean, norm.running_var) for norm in others]
    network.eval()
    for norm in norms:
        norm.evaluate_with = statistics
    if statistics == "batch":
        for other in others:
            other.running_mean = other.running_var = None
    try:
        yield
    finally:
        network.train(was_training)
        for norm, former in zip(norms, before, strict=True):
            norm.evaluate_with = former
        for other, (mean, var) in zip(others, held, strict=True):
            other.running_mean, other.running_var = mean, var


class ReLUConvBN(nn.Module):
    """ReLU, convolution without bias, batch norm: NB201's ``nor_conv_1x1`` and ``nor_conv_3x3``.

    (NB201's search code gives the convolution a bias where the norm is not affine. Batch norm
    takes any bias out again, so it is left out here.)
    """

    def __init__(
        self,
        *,
        channels_in: int,
        channels_out: int,
        kernel: int,
        stride: int = 1,
        affine: bool,
        running: bool,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, bias=False
        )
        self.norm = BatchNorm(channels=channels_out, affine=affine, running=running)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C_in, H, W] to [B, C_out, H/stride, W/stride]."""
        return self.norm(self.conv(F.relu(x)))


def average_pool(x: Tensor) -> Tensor:
    """NB201's ``avg_pool_3x3``: stride 1, the padding not counted, no norm. Keeps [B, C, H, W]."""
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


class Reduction(nn.Module):
    """The residual block between two stages: half the size, other width; its norms are affine."""

    def __init__(self, *, channels_in: int, channels_out: int, running: bool = True) -> None:
        super().__init__()
        self.conv_a = ReLUConvBN(
            channels_in=channels_in,
            channels_out=channels_out,
            kernel=3,
            stride=2,
            affine=True,
            running=running,
        )
        self.conv_b = ReLUConvBN(
            channels_in=channels_out,
            channels_out=channels_out,
            kernel=3,
            affine=True,
            running=running,
        )
        self.shortcut = nn.Conv2d(channels_in, channels_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C_in, H, W] to [B, C_out, H/2, W/2]."""
        residual = self.shortcut(F.avg_pool2d(x, 2, stride=2))
        out: Tensor = residual + self.conv_b(self.conv_a(x))
        return out


class Stem(nn.Module):
    """3×3 convolution of the image and an affine norm: [B, 3, H, W] to [B, C, H, W]."""

    def __init__(self, *, channels: int, running: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.norm = BatchNorm(channels=channels, affine=True, running=running)

    def forward(self, x: Tensor) -> Tensor:
        """Features [B, C, H, W]."""
        out: Tensor = self.norm(self.conv(x))
        return out


class Head(nn.Module):
    """Affine norm, ReLU, global average pool, linear: [B, C, H, W] to [B, classes]."""

    def __init__(self, *, channels: int, classes: int, running: bool = True) -> None:
        super().__init__()
        self.norm = BatchNorm(channels=channels, affine=True, running=running)
        self.linear = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores [B, classes]."""
        out: Tensor = self.linear(F.relu(self.norm(x)).mean((2, 3)))
        return out
