"""Parameters and FLOPs of a genotype's network, in closed form.

FLOPs are multiply-adds of the convolutions and the linear layer for one image, as the papers count
them; norms, pools and additions count none. A k×k depthwise convolution of width C has k²C weights
and k²C multiply-adds a place, a 1×1 convolution C² of both. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass

from naslib_edd.spaces.darts.genotype import Genotype
from naslib_edd.spaces.darts.layout import INPUTS

_AUXILIARY = (128, 768)


@dataclass(frozen=True, kw_only=True)
class Size:
    """Which network: its width, its depth, its images.

    Attributes:
        channels: C of the first cells.
        cells: in all.
        classes: to tell apart.
        image: pixels of a side.
        imagenet: with ImageNet's stem.
    """

    channels: int = 36
    cells: int = 20
    classes: int = 10
    image: int = 32
    imagenet: bool = False


#: The networks of the papers' tables.
CIFAR = Size()
IMAGENET = Size(channels=48, cells=14, classes=1000, image=224, imagenet=True)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a network costs.

    Attributes:
        parameters: without the auxiliary head, as papers count them.
        flops: multiply-adds of an image, without the auxiliary head.
        auxiliary: parameters of the auxiliary head.
    """

    parameters: int
    flops: int
    auxiliary: int


def cost(genotype: Genotype, size: Size = CIFAR) -> Cost:
    """Parameters and multiply-adds of a genotype's network."""
    count = _Count()
    channels, side = size.channels, size.image
    if size.imagenet:
        side = _half(side)
        count.convolution(27 * (channels // 2), side, channels // 2)
        side = _half(side)
        count.convolution(9 * (channels // 2) * channels, side, channels)
        side = _half(side)
        count.convolution(9 * channels * channels, side, channels)
        before = last = channels
    else:
        before = last = 3 * channels
        count.convolution(27 * last, side, last)
    auxiliary = 0
    for place in range(size.cells):
        halves = place in (size.cells // 3, 2 * size.cells // 3)
        channels *= 2 if halves else 1
        # A factorized reduce costs what a 1×1 convolution costs: two, half as wide each.
        count.convolution(before * channels, side, channels)
        count.convolution(last * channels, side, channels)
        cell = "reduce" if halves else "normal"
        smaller = _half(side) if halves else side
        for name, source in genotype.cell(cell):
            count.operation(name, channels, smaller, strided=halves and source < INPUTS)
        before, last = last, channels * len(genotype.concat(cell))
        side = smaller
        if place == 2 * size.cells // 3:
            auxiliary = _auxiliary(last, size)
    count.parameters += (last + 1) * size.classes
    count.flops += last * size.classes
    return Cost(parameters=count.parameters, flops=count.flops, auxiliary=auxiliary)


class _Count:
    def __init__(self) -> None:
        self.parameters = self.flops = 0

    def convolution(self, weights: int, side: int, channels: int, *, norm: bool = True) -> None:
        """So many weights, used at each place of a side × side output; an affine norm behind."""
        self.parameters += weights + (2 * channels if norm else 0)
        self.flops += weights * side * side

    def operation(self, name: str, channels: int, side: int, *, strided: bool) -> None:
        """An operation whose output is side × side."""
        kind, _, kernel = name.rpartition("_")
        if name == "skip_connect" and strided:
            self.convolution(channels * channels, side, channels)
        elif kind in ("sep_conv", "dil_conv"):
            block = int(kernel[0]) ** 2 * channels + channels * channels
            for _ in range(2 if kind == "sep_conv" else 1):
                self.convolution(block, side, channels)


def _auxiliary(channels: int, size: Size) -> int:
    first, second = _AUXILIARY
    norms = 2 * first + (0 if size.imagenet else 2 * second)
    return channels * first + 4 * first * second + norms + (second + 1) * size.classes


def _half(side: int) -> int:
    return (side + 1) // 2
