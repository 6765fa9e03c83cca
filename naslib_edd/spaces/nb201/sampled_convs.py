"""The convolutions of a sampled path that leave one node, and their batch norms' statistics.

Convolutions of one kernel that leave one node are one convolution. A norm is not a pass of its own:
its gain and mean go with the term that the convolution is at its target.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from naslib_edd.spaces.nb201.encoding import EDGES
from naslib_edd.supernet.layers import BatchNorm
from naslib_edd.supernet.native import Kernels
from naslib_edd.supernet.native.sampled import Term


class Group(NamedTuple):
    """Convolutions of one kernel on edges that leave one node.

    Attributes:
        source: the node.
        norm: the batch norm of all edges that leave the node.
        rows: the edges.
        places: where their channels are in the norm and in the weight, edge by edge.
        alive: the output depends on them; if not, only their norms' statistics do.
    """

    source: int
    norm: BatchNorm
    rows: tuple[int, ...]
    places: tuple[int, ...]
    alive: bool


def convolved(
    native: Kernels,
    group: Group,
    kernel: Tensor,
    rectified: Tensor,
    arriving: list[dict[int, Term]],
) -> Tensor | None:
    """A group's convolutions, which are terms of their targets; None where no gradient comes."""
    width = rectified.shape[1]
    y, mean, variance = native.convolution(rectified, _parts(kernel, group.places, width))
    _update(group, mean, variance, y.numel() // y.shape[1])
    gains, means = (variance + group.norm.eps).rsqrt().split(width), mean.split(width)
    for place, (row, gain, centre) in enumerate(zip(group.rows, gains, means, strict=True)):
        arriving[EDGES[row][1]][row] = Term(y, place, gain, centre)
    return y if group.alive else None


def back(
    native: Kernels,
    group: Group,
    kernel: Tensor,
    rectified: Tensor | None,
    y: Tensor | None,
    grads: Sequence[Tensor | None],
    backs: Sequence[tuple[Tensor, Tensor, Tensor]],
    wants: list[bool],
) -> tuple[Tensor | None, Tensor | None]:
    """Of what a group's convolutions read, and of their whole weight."""
    assert rectified is not None and y is not None
    gain, slope, rest = (torch.cat(parts) for parts in zip(*backs, strict=True))
    targets = [grad for grad in grads if grad is not None]
    width = rectified.shape[1]
    of_r, of_part = native.convolution_backward(
        targets, y, (gain, slope, rest), rectified, _parts(kernel, group.places, width),
        of_x=wants[0], of_kernel=wants[1],
    )  # fmt: skip
    if of_part is None:
        return of_r, None
    whole = torch.zeros_like(kernel)
    for place, part in zip(group.places, of_part.split(width), strict=True):
        whole[place * width : (place + 1) * width] = part
    return of_r, whole


def _parts(kernel: Tensor, places: Sequence[int], width: int) -> Tensor:
    """The weights of the edges at these places, one after the other."""
    if len(places) * width == len(kernel):
        return kernel
    if places == tuple(range(places[0], places[0] + len(places))):
        return kernel[places[0] * width : (places[-1] + 1) * width]
    return torch.cat([kernel[place * width : (place + 1) * width] for place in places])


def _update(group: Group, mean: Tensor, variance: Tensor, count: int) -> None:
    """The norm's running statistics, of its edges that are on the path."""
    norm = group.norm
    if norm.running_mean is None or norm.running_var is None:
        return
    width = len(mean) // len(group.places)
    unbiased = variance * (count / max(count - 1, 1))
    for place, one, other in zip(
        group.places, mean.split(width), unbiased.split(width), strict=True
    ):
        part = slice(place * width, (place + 1) * width)
        norm.running_mean[part].lerp_(one, norm.momentum)
        norm.running_var[part].lerp_(other, norm.momentum)
