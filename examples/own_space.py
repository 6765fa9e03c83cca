"""A search space of one's own, searched by EDD-DARTS on the built-in digits.

    python examples/own_space.py [OUT]

One cell of three nodes: two convolutions of different size, a pool and a skip connection on each
edge, no `none`, and the last node keeps one of the two edges that enter it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import naslib_edd
from naslib_edd.spaces import Cell, Layout, Space, register_space
from naslib_edd.supernet.base import Supernet
from naslib_edd.supernet.layers import Head, ReLUConvBN, Stem, average_pool, evaluating

OPERATIONS = ("skip_connect", "conv_1x1", "conv_5x5", "avg_pool_3x3")
CELL = Cell(name="cell", edges=((0, 1), (0, 2), (1, 2)), nodes=3, keep=1)
LAYOUT = Layout(cells=(CELL,), operations=OPERATIONS)


class MyCell(nn.Module):
    """Every operation on every edge."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        size = {"channels_in": channels, "channels_out": channels}
        self.convolutions = nn.ModuleList(
            nn.ModuleList(
                ReLUConvBN(**size, kernel=kernel, affine=False, running=True) for kernel in (1, 5)
            )
            for _ in CELL.edges
        )

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Weighted sums: x [B, C, H, W] under weights [3, 4] to [B, C, H, W]."""
        nodes = [x]
        for target in (1, 2):
            total = torch.zeros_like(x)
            for row, (source, node) in enumerate(CELL.edges):
                if node == target:
                    h, (small, large) = nodes[source], self.convolutions[row]
                    outputs = (h, small(h), large(h), average_pool(h))
                    for weight, output in zip(weights[row], outputs, strict=True):
                        total = total + weight * output
            nodes.append(total)
        return nodes[-1]


class MySupernet(Supernet):
    """Stem, two cells with a pool between them, head."""

    def __init__(self, *, channels: int, classes: int) -> None:
        super().__init__()
        self.stem = Stem(channels=channels)
        self.cells = nn.ModuleList(MyCell(channels) for _ in range(2))
        self.head = Head(channels=channels, classes=classes)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """See Supernet."""
        x = self.cells[0](self.stem(x), weights)
        scores: Tensor = self.head(self.cells[1](F.max_pool2d(x, 2), weights))
        return scores

    @torch.no_grad()
    def discretised(self, x, ops, statistics="batch", edge_weights=None):  # type: ignore[no-untyped-def]
        """See Supernet: the same pass, each edge one-hot, or 0 where it is gone."""
        weights = torch.zeros(LAYOUT.edges, len(OPERATIONS)).to(x)
        for row, op in enumerate(ops):
            if op is not None:
                weights[row, op] = 1.0
        with evaluating(self, statistics):
            return self(x, weights)


class MySpace(Space):
    """What the search, its record and its report ask for."""

    name, title, layout = "mine", "my space", LAYOUT

    def text(self, arch: Sequence[int | None]) -> str:
        """E.g. ``0→1 conv_5x5, 1→2 skip_connect``."""
        edges = zip(CELL.edges, arch, strict=True)
        return ", ".join(f"{a}→{b} {OPERATIONS[op]}" for (a, b), op in edges if op is not None)

    def supernet(self, search, *, classes):  # type: ignore[no-untyped-def]
        """See Space."""
        return MySupernet(channels=search.channels, classes=classes)


def main() -> None:
    """Search it, and say what was found."""
    register_space(MySpace())
    out = sys.argv[1] if len(sys.argv) > 1 else "runs"
    found = naslib_edd.search(
        {"optimizer": "edd_darts", "search_space": "mine", "dataset": "digits", "out_dir": out},
        ["search.channels=8", "search.epochs=5", "search.batch_size=32", "threads=1"],
        force=True,
    )
    print(f"found: {found.arch_str}")


if __name__ == "__main__":
    main()
