"""Layers of the fast supernet whose weights and statistics are those of NASLib's modules.

The convolutions of all edges that leave one node are one tensor in the fast supernet and a
parameter each in NASLib's graph. Here they share one storage: the tensor is the whole, each of
NASLib's parameters a view of its part. The parameters stay the leaves: they are what is trained,
what has the gradients and what a checkpoint holds, and nothing is ever copied between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.supernet.layers import BatchNorm


class JoinedConv(nn.Module):
    """Convolutions of one input as one, in the place of a ``Conv2d`` of the fast supernet.

    Args:
        convs: of one node's edges, nearest target first: same size, no bias, stride 1. They are
            kept, not copied.
    """

    convs: list[nn.Conv2d]

    def __init__(self, convs: Sequence[nn.Conv2d]) -> None:
        super().__init__()
        # Not submodules: they are the host's.
        self.__dict__["convs"] = list(convs)
        self.in_channels, self.padding = convs[0].in_channels, convs[0].padding
        self._whole: Tensor | None = None
        self._places: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] → [B, edges·C, H, W]."""
        return F.conv2d(x, self.weight, padding=self.padding)

    @property
    def weight(self) -> Tensor:
        """All weights, [edges·C, C, k, k]: the storage that the parameters are views of."""
        parts = [conv.weight for conv in self.convs]
        if not all(isinstance(part, nn.Parameter) for part in parts):
            return torch.cat(parts)  # of a functional call, which puts others in their places
        if self._whole is None or [part.data_ptr() for part in parts] != self._places:
            self._tie(parts)
        assert self._whole is not None
        if torch.is_grad_enabled() and any(part.requires_grad for part in parts):
            joined: Tensor = _Joined.apply(self._whole, *parts)  # type: ignore[no-untyped-call]
            return joined
        return self._whole

    @torch.no_grad()
    def _tie(self, parts: Sequence[Tensor]) -> None:
        """Move the parameters into one storage: at first, and after anyone has moved them."""
        whole = torch.cat([part.detach() for part in parts])
        self._whole = whole.contiguous(memory_format=FastSupernet.memory_format)
        for part, piece in zip(parts, self._whole.split(len(parts[0])), strict=True):
            part.data = piece
        self._places = [part.data_ptr() for part in parts]


class _Joined(torch.autograd.Function):
    """The whole of some views: its gradient is cut into theirs, which are views again."""

    @staticmethod
    def forward(ctx: Any, whole: Tensor, *parts: Tensor) -> Tensor:
        ctx.length = len(parts[0])
        return whole.view_as(whole)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return (None, *grads[0].split(ctx.length))


class HostNorm(BatchNorm):
    """A batch norm of NASLib's, with its parameters and statistics, called as ours are.

    Args:
        host: NASLib's.
    """

    host: nn.BatchNorm2d

    def __init__(self, host: nn.BatchNorm2d) -> None:
        nn.Module.__init__(self)
        assert host.momentum is not None
        self.__dict__["host"] = host  # not a submodule
        self.channels, self.momentum, self.eps = host.num_features, host.momentum, host.eps
        self.evaluate_with = "running"

    def apply_slice(self, x: Tensor, part: slice, scale: Tensor | None = None) -> Tensor:
        """See :class:`BatchNorm`; counts the batches, as NASLib's does."""
        if self.training and self.host.num_batches_tracked is not None:
            self.host.num_batches_tracked.add_(1)
        return super().apply_slice(x, part, scale)

    @property
    def weight(self) -> Tensor | None:  # type: ignore[override]
        """The scale of a channel."""
        return self.host.weight

    @property
    def bias(self) -> Tensor | None:  # type: ignore[override]
        """The shift of a channel."""
        return self.host.bias

    @property
    def running_mean(self) -> Tensor | None:  # type: ignore[override]
        """Of NASLib's norm, whatever tensor that is now."""
        return self.host.running_mean

    @property
    def running_var(self) -> Tensor | None:  # type: ignore[override]
        """Of NASLib's norm."""
        return self.host.running_var
