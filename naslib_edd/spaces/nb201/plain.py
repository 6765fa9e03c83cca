"""The plain supernet: a module for each edge and operation, written for the eye.

It is the reference twin of :mod:`naslib_edd.spaces.nb201.fast`; both compute the same function.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor, nn

from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, EDGES, NODES, OPERATIONS
from naslib_edd.spaces.nb201.skeleton import NB201Supernet, SearchCell
from naslib_edd.supernet.drop_path import DropPath
from naslib_edd.supernet.layers import ReLUConvBN, average_pool


class Zero(nn.Module):
    """``none``: zeros of x's shape."""

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] of zeros."""
        return x.mul(0.0)


class AveragePool(nn.Module):
    """``avg_pool_3x3``."""

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W], averaged over 3×3 neighbours."""
        return average_pool(x)


def operation(name: str, *, channels: int, affine: bool, running: bool) -> nn.Module:
    """One of NB201's operations on [B, C, H, W]."""
    if name == "none":
        return Zero()
    if name == "skip_connect":
        return nn.Identity()
    if name == "avg_pool_3x3":
        return AveragePool()
    kernel = {"nor_conv_1x1": 1, "nor_conv_3x3": 3}[name]
    return ReLUConvBN(
        channels_in=channels, channels_out=channels, kernel=kernel, affine=affine, running=running
    )


class PlainCell(SearchCell):
    """A cell as the paper draws it: 6 edges, each a weighted sum of 5 operations."""

    def __init__(self, *, channels: int, running: bool) -> None:
        super().__init__()
        self.edges = nn.ModuleList(
            nn.ModuleList(
                operation(name, channels=channels, affine=False, running=running)
                for name in OPERATIONS
            )
            for _ in EDGES
        )

    def forward(self, x: Tensor, weights: Tensor, drop_path: DropPath | None = None) -> Tensor:
        """See :class:`SearchCell`."""
        factors = [1.0] * len(EDGES) if drop_path is None else drop_path.factors(x, len(EDGES))
        nodes = [x]
        for target in range(1, NODES):
            inputs = [
                factors[row] * weight * op(nodes[source])
                for row, (source, node) in enumerate(EDGES)
                if node == target
                for weight, op in zip(weights[row], self.operations(row), strict=True)
            ]
            nodes.append(add(inputs))
        return nodes[-1]

    def sampled(self, x: Tensor, path: tuple[Tensor, Sequence[int]]) -> Tensor:
        """See :class:`SearchCell`."""
        weights, ops = path
        nodes = [x]
        for target in range(1, NODES):
            inputs = []
            for row, (source, node) in enumerate(EDGES):
                if node == target:
                    out = weights[row, ops[row]] * self.operations(row)[ops[row]](nodes[source])
                    others = [weights[row, op] for op in range(len(OPERATIONS)) if op != ops[row]]
                    inputs.append(out + add(others))
            nodes.append(add(inputs))
        return nodes[-1]

    def discretised(self, x: Tensor, ops: Sequence[int]) -> Tensor:
        """See :class:`SearchCell`."""
        nodes = [x]
        for target in range(1, NODES):
            inputs = [
                self.operations(row)[ops[row]](nodes[source])
                for row, (source, node) in enumerate(EDGES)
                if node == target
            ]
            nodes.append(add(inputs))
        return nodes[-1]

    def convolutions(self) -> Iterator[tuple[Any, list[tuple[int, int]]]]:
        """See :class:`SearchCell`."""
        for row in range(len(EDGES)):
            for op in (CONV1, CONV3):
                yield self.operations(row)[op], [(row, op)]

    def operations(self, row: int) -> nn.ModuleList:
        """The five operations on the edge of this row of β."""
        edge = self.edges[row]
        assert isinstance(edge, nn.ModuleList)
        return edge


def add(inputs: list[Tensor]) -> Tensor:
    """The sum of tensors of one shape."""
    total = inputs[0]
    for tensor in inputs[1:]:
        total = total + tensor
    return total


class PlainSupernet(NB201Supernet):
    """The NB201 supernet, module by module. Arguments: see :class:`Skeleton`."""

    def make_cell(self, channels: int) -> SearchCell:
        """A :class:`PlainCell`."""
        return PlainCell(channels=channels, running=self.running)

    def operation_weights(self) -> list[Tensor]:
        """See :class:`~naslib_edd.supernet.base.Supernet`."""
        return [
            module.conv.weight
            for cell in self.search_cells()
            for module in cell.modules()
            if isinstance(module, ReLUConvBN)
        ]
