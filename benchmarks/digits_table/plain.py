"""One architecture as plain modules: the slow twin of :mod:`digits_table.network`."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from digits_table.classes import essential
from naslib_edd.spaces.nb201.encoding import EDGES, NODES, OPERATIONS
from naslib_edd.spaces.nb201.plain import operation
from naslib_edd.spaces.nb201.skeleton import Skeleton


class ArchitectureCell(nn.Module):
    """The cell of one architecture; its convolutions have affine norms, as NB201's do."""

    def __init__(self, ops: Sequence[int], *, channels: int) -> None:
        super().__init__()
        self.edges = nn.ModuleList(
            operation(OPERATIONS[op], channels=channels, affine=True, running=True) for op in ops
        )

    def forward(self, x: Tensor) -> Tensor:
        """Keeps [B, C, H, W]."""
        nodes = [x]
        for target in range(1, NODES):
            inputs = [
                self.edges[edge](nodes[source])
                for edge, (source, node) in enumerate(EDGES)
                if node == target
            ]
            nodes.append(sum(inputs[1:], inputs[0]))
        return nodes[-1]


class PlainArchitecture(Skeleton[ArchitectureCell]):
    """One architecture of N = 1 on grey images [B, 1, H, W].

    Args:
        ops: six operation ids; edges that do not matter become ``none``.
        channels: C of the first stage.
        classes: of the data.
    """

    def __init__(self, ops: Sequence[int], *, channels: int, classes: int = 10) -> None:
        self.ops = essential(ops)
        super().__init__(channels=channels, cells=1, classes=classes, running=True)
        self.stem.conv = nn.Conv2d(1, channels, 3, padding=1, bias=False)

    def make_cell(self, channels: int) -> ArchitectureCell:
        """An :class:`ArchitectureCell`."""
        return ArchitectureCell(self.ops, channels=channels)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores [B, classes]."""
        return self.walk(x)
