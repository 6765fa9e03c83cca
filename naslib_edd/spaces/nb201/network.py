"""One architecture's own network, as NAS-Bench-201 trained it: `build(arch)`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from naslib_edd.spaces.nb201.encoding import (
    EDGES,
    NODES,
    NONE,
    OPERATIONS,
    Arch,
)
from naslib_edd.spaces.nb201.forms import to_ops
from naslib_edd.spaces.nb201.plain import operation
from naslib_edd.spaces.nb201.skeleton import Skeleton


class ArchitectureCell(nn.Module):
    """The six chosen operations, with affine norms. An edge with `none` has no module."""

    def __init__(self, *, ops: tuple[int, ...], channels: int, running: bool) -> None:
        super().__init__()
        self.ops = ops
        self.edges = nn.ModuleDict(
            {
                str(row): operation(OPERATIONS[op], channels=channels, affine=True, running=running)
                for row, op in enumerate(ops)
                if op != NONE
            }
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W], unchanged in shape; zeros where no path leads to the output."""
        nodes = [x]
        for target in range(1, NODES):
            node = torch.zeros_like(x)
            for row, (source, end) in enumerate(EDGES):
                if end == target and str(row) in self.edges:
                    node = node + self.edges[str(row)](nodes[source])
            nodes.append(node)
        return nodes[-1]


class ArchitectureNetwork(Skeleton[ArchitectureCell]):
    """NB201's network of one architecture. Other arguments: see :class:`Skeleton`."""

    def __init__(
        self,
        *,
        ops: tuple[int, ...],
        channels: int = 16,
        cells: int = 5,
        classes: int = 10,
        running: bool = True,
    ) -> None:
        self._ops = ops  # the skeleton asks for cells while it is being built
        super().__init__(channels=channels, cells=cells, classes=classes, running=running)

    def make_cell(self, channels: int) -> ArchitectureCell:
        """A cell of the chosen operations."""
        return ArchitectureCell(ops=self._ops, channels=channels, running=self.running)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores [B, classes] of images [B, 3, H, W]."""
        return self.walk(x)


def build(
    arch: Arch, *, channels: int = 16, cells: int = 5, classes: int = 10, running: bool = True
) -> ArchitectureNetwork:
    """The network of one architecture, untrained.

    Args:
        arch: an index, an architecture string, or six operation ids.
        channels: C of the first stage (NB201: 16).
        cells: N, the number of cells in each of the three stages (NB201: 5).
        classes: the number of classes.

    Its number of parameters is the benchmark's own (0.000001 M), but for the 150 architectures in
    :data:`naslib_edd.spaces.nb201.cost.MISCOUNTED`.
    """
    return ArchitectureNetwork(
        ops=to_ops(arch), channels=channels, cells=cells, classes=classes, running=running
    )
