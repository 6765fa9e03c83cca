"""One architecture's own network, for CIFAR-sized images or for ImageNet's.

Cells in a row, each fed by the two before it; those at one and at two thirds are reduce cells,
which halve the image and double the width. In training mode drop path leaves edges out, image by
image, and an auxiliary head looks at the second reduce cell. Source: quark0/darts,
``cnn/model.py``.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.errors import UserError
from naslib_edd.spaces.darts.genotype import PAIRS, Genotype, Pair
from naslib_edd.spaces.darts.layout import INPUTS, KEEP
from naslib_edd.spaces.darts.operations import FactorizedReduce, build_operation, drop_factors
from naslib_edd.supernet.layers import BatchNorm, ReLUConvBN, Stem

StemKind = Literal["cifar", "imagenet"]
#: The stem's width for small images, in units of C.
STEM_WIDTH = 3


def reductions(cells: int) -> tuple[int, int]:
    """The places of the reduce cells among so many; the auxiliary head is at the second."""
    return cells // 3, 2 * cells // 3


class FinalCell(nn.Module):
    """A cell of a genotype: two operations a node, their sum; nodes concatenated.

    Args:
        pairs: eight (operation, source) pairs.
        concat: the output nodes.
        before_last, last: widths of the two inputs.
        channels: C of its nodes.
        halves: a reduce cell.
        behind_reduction: the last cell halved the image, so the one before it is too large.
        running: the norms keep running statistics.
    """

    def __init__(
        self,
        *,
        pairs: tuple[Pair, ...],
        concat: tuple[int, ...],
        before_last: int,
        last: int,
        channels: int,
        halves: bool,
        behind_reduction: bool,
        running: bool = True,
    ) -> None:
        super().__init__()
        self.concat, self.width = concat, channels * len(concat)
        self.sources = [source for _, source in pairs]
        self.before: nn.Module
        if behind_reduction:
            self.before = FactorizedReduce(
                channels_in=before_last, channels_out=channels, affine=True, running=running
            )
        else:
            self.before = _squeeze(before_last, channels, running)
        self.last = _squeeze(last, channels, running)
        self.operations = nn.ModuleList(
            build_operation(
                name, channels, 2 if halves and source < INPUTS else 1, True, running=running
            )
            for name, source in pairs
        )

    def forward(self, before: Tensor, last: Tensor, factors: Tensor | None = None) -> Tensor:
        """The cell's output.

        Args:
            before, last: outputs of the two cells before it.
            factors: of drop path, [8, B]; an identity is never dropped.
        """
        nodes = [self.before(before), self.last(last)]
        for first in range(0, len(self.sources), KEEP):
            one, other = (self._edge(number, nodes, factors) for number in (first, first + 1))
            nodes.append(one + other)
        return torch.cat([nodes[node] for node in self.concat], dim=1)

    def _edge(self, number: int, nodes: list[Tensor], factors: Tensor | None) -> Tensor:
        operation = self.operations[number]
        out: Tensor = operation(nodes[self.sources[number]])
        if factors is None or isinstance(operation, nn.Identity):
            return out
        return out * factors[number][:, None, None, None]


class AuxiliaryHead(nn.Module):
    """A second classifier in the middle of the network, for training.

    Args:
        channels: of its input.
        classes: to tell apart.
        stem: for small images its input is 8×8, for ImageNet's 7×7; there the last norm is missing,
            as it is in the release.
    """

    def __init__(self, *, channels: int, classes: int, stem: StemKind, running: bool) -> None:
        super().__init__()
        small = stem == "cifar"
        self.size, self.stride = (8, 3) if small else (7, 2)
        self.conv_a = nn.Conv2d(channels, 128, 1, bias=False)
        self.norm_a = BatchNorm(channels=128, affine=True, running=running)
        self.conv_b = nn.Conv2d(128, 768, 2, bias=False)
        self.norm_b = BatchNorm(channels=768, affine=True, running=running) if small else None
        self.linear = nn.Linear(768, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores [B, classes] of [B, C, 8, 8], or of [B, C, 7, 7] on ImageNet.

        Raises:
            UserError: images of another size.
        """
        if x.shape[2:] != (self.size, self.size):
            raise UserError(
                f"the auxiliary head needs {self.size}×{self.size} features, not "
                f"{x.shape[2]}×{x.shape[3]}: images of {'32' if self.size == 8 else '224'} pixels; "
                "train without it (auxiliary: 0)"
            )
        x = F.avg_pool2d(F.relu(x), 5, stride=self.stride, count_include_pad=False)
        x = self.conv_b(F.relu(self.norm_a(self.conv_a(x))))
        x = x if self.norm_b is None else self.norm_b(x)
        out: Tensor = self.linear(F.relu(x).flatten(1))
        return out


class ImageNetStem(nn.Module):
    """Three 3×3 convolutions of stride 2; the cells get what the last two give."""

    def __init__(self, *, channels: int, running: bool = True) -> None:
        super().__init__()
        half = channels // 2
        self.conv = nn.Conv2d(3, half, 3, stride=2, padding=1, bias=False)
        self.norm = BatchNorm(channels=half, affine=True, running=running)
        self.second, self.third = (
            ReLUConvBN(
                channels_in=width,
                channels_out=channels,
                kernel=3,
                stride=2,
                affine=True,
                running=running,
            )
            for width in (half, channels)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 3, H, W] to [B, C, H/4, W/4] and [B, C, H/8, W/8]."""
        before = self.second(self.norm(self.conv(x)))
        return before, self.third(before)


class DartsNetwork(nn.Module):
    """The network of a genotype. Its weights come from torch's global generator.

    Args:
        genotype: both cells.
        channels: C of the first cells (the papers: 36 on CIFAR, 48 on ImageNet).
        cells: in all (20 on CIFAR, 14 on ImageNet).
        classes: to tell apart.
        stem: ``cifar``: one convolution; ``imagenet``: three that make the image 8 times smaller.
        auxiliary: with an auxiliary head.
        running: the norms keep running statistics.

    Attributes:
        drop_path: the probability that an edge is left out in training mode; set it as you go.
        generator: a CPU generator that drop path draws from; None: torch's global one.
    """

    def __init__(
        self,
        *,
        genotype: Genotype,
        channels: int = 36,
        cells: int = 20,
        classes: int = 10,
        stem: StemKind = "cifar",
        auxiliary: bool = False,
        running: bool = True,
    ) -> None:
        super().__init__()
        self.drop_path = 0.0
        self.generator: torch.Generator | None = None
        small = stem == "cifar"
        width = STEM_WIDTH * channels if small else channels
        self.stem = (
            Stem(channels=width, running=running)
            if small
            else ImageNetStem(channels=channels, running=running)
        )
        before, last, behind = width, width, not small
        self.cells = nn.ModuleList()
        self.auxiliary: AuxiliaryHead | None = None
        for place in range(cells):
            halves = place in reductions(cells)
            channels *= 2 if halves else 1
            kind = "reduce" if halves else "normal"
            cell = FinalCell(
                pairs=genotype.cell(kind),
                concat=genotype.concat(kind),
                before_last=before,
                last=last,
                channels=channels,
                halves=halves,
                behind_reduction=behind,
                running=running,
            )
            self.cells.append(cell)
            before, last, behind = last, cell.width, halves
            if auxiliary and place == reductions(cells)[1]:
                self.auxiliary = AuxiliaryHead(
                    channels=last, classes=classes, stem=stem, running=running
                )
        self.linear = nn.Linear(last, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Class scores [B, classes], and those of the auxiliary head (in training mode only)."""
        stem = self.stem(x)
        before, last = stem if isinstance(stem, tuple) else (stem, stem)
        factors = self._factors(x)
        scores: Tensor | None = None
        middle = reductions(len(self.cells))[1]
        for place, cell in enumerate(self.cells):
            before, last = last, cell(before, last, None if factors is None else factors[place])
            if self.training and self.auxiliary is not None and place == middle:
                scores = self.auxiliary(last)
        return self.linear(last.mean((2, 3))), scores

    def _factors(self, x: Tensor) -> Tensor | None:
        if not self.training or self.drop_path <= 0:
            return None
        shape = (len(self.cells), PAIRS, len(x))
        return drop_factors(shape, self.drop_path, like=x, generator=self.generator)


def _squeeze(channels_in: int, channels: int, running: bool) -> ReLUConvBN:
    return ReLUConvBN(
        channels_in=channels_in, channels_out=channels, kernel=1, affine=True, running=running
    )
