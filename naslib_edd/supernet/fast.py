"""The fast supernet: the same function as the plain one, edges batched by their source node.

What is shared (each exact, only the rounding differs):

1. one ReLU and one average pool of a node serve every edge that leaves it;
2. the same-size convolutions of those edges are one convolution with 3C, 2C or C outputs, followed
   by one affine-free batch norm (statistics are a channel's own, so batching changes none);
3. β scales inside the batch norm, as its weight: no pass of its own, and ∂l/∂β comes from the same
   backward kernel;
4. ``none`` takes part in β and costs nothing else;
5. all that leaves a node along one edge is weighted and added in one function with a backward by
   hand (:mod:`naslib_edd.supernet.edge_sums`);
6. on a CPU the pool is a depthwise convolution (:mod:`naslib_edd.supernet.pool`).

:mod:`naslib_edd.supernet.exchange` carries weights between the twins.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.spaces.nb201 import CONV1, CONV3, EDGES, NODES, POOL, SKIP
from naslib_edd.supernet.edge_sums import edge_sums
from naslib_edd.supernet.layers import BatchNorm
from naslib_edd.supernet.pool import fast_average_pool
from naslib_edd.supernet.skeleton import SearchCell, Supernet

#: For each source node, the rows of β of the edges that leave it, nearest target first.
ROWS = tuple(
    tuple(row for row, (source, _) in enumerate(EDGES) if source == node)
    for node in range(NODES - 1)
)

#: β of the edges that leave each source node: per source, per operation, a tensor [edges].
Groups = list[tuple[Tensor, ...]]


class BatchedConvBN(nn.Module):
    """The k×k convolutions of all edges that leave one node, then their batch norms.

    Args:
        channels: C, in and out, of one edge.
        edges: how many edges leave the node.
        kernel: 1 or 3.
        running: keep running statistics.
    """

    def __init__(self, *, channels: int, edges: int, kernel: int, running: bool) -> None:
        super().__init__()
        self.channels = channels
        self.conv = nn.Conv2d(channels, channels * edges, kernel, padding=kernel // 2, bias=False)
        self.norm = BatchNorm(channels=channels * edges, affine=False, running=running)

    def forward(self, rectified: Tensor, beta: Tensor) -> Tensor:
        """ReLU(h) [B, C, H, W] and β [edges] of this operation → [B, edges·C, H, W], weighted."""
        out: Tensor = self.norm(self.conv(rectified), beta.repeat_interleave(self.channels))
        return out

    def part(self, place: int) -> slice:
        """The output channels of the edge at ``place``."""
        return slice(place * self.channels, (place + 1) * self.channels)

    def one(self, rectified: Tensor, place: int) -> Tensor:
        """Only the edge at ``place``, unweighted: [B, C, H, W]."""
        part = self.part(place)
        out = F.conv2d(rectified, self.conv.weight[part], padding=self.conv.padding)
        return self.norm.apply_slice(out, part)


class FastCell(SearchCell):
    """A cell whose edges are batched by their source node."""

    def __init__(self, *, channels: int, running: bool) -> None:
        super().__init__()

        def batch(kernel: int) -> nn.ModuleList:
            return nn.ModuleList(
                BatchedConvBN(channels=channels, edges=len(rows), kernel=kernel, running=running)
                for rows in ROWS
            )

        self.conv1, self.conv3 = batch(1), batch(3)

    def forward(self, x: Tensor, weights: Groups) -> Tensor:
        """See :class:`SearchCell`; the weights come grouped by source node."""
        arriving: list[list[Tensor]] = [[] for _ in range(NODES)]
        node = x
        for source, (rows, beta) in enumerate(zip(ROWS, weights, strict=True)):
            rectified = F.relu(node)
            one = self.conv1[source](rectified, beta[CONV1])
            three = self.conv3[source](rectified, beta[CONV3])
            pooled = fast_average_pool(node)
            sums = edge_sums(node, pooled, beta[SKIP], beta[POOL], one, three)
            for row, total in zip(rows, sums, strict=True):
                arriving[EDGES[row][1]].append(total)
            node = sum(arriving[source + 1][1:], start=arriving[source + 1][0])
        return node

    def batched(self, op: int, source: int) -> BatchedConvBN:
        """The batched convolutions of one operation that leave node ``source``."""
        layer = (self.conv1 if op == CONV1 else self.conv3)[source]
        assert isinstance(layer, BatchedConvBN)
        return layer

    def discretised(self, x: Tensor, ops: Sequence[int]) -> Tensor:
        """See :class:`SearchCell`."""
        nodes: list[Tensor | None] = [x, None, None, None]
        for source, rows in enumerate(ROWS):
            node = nodes[source]
            if node is None:  # only `none` leads here
                node = torch.zeros_like(x)
            for place, row in enumerate(rows):
                op, target = ops[row], EDGES[row][1]
                out: Tensor
                if op == SKIP:
                    out = node
                elif op == POOL:
                    out = fast_average_pool(node)
                elif op in (CONV1, CONV3):
                    out = self.batched(op, source).one(F.relu(node), place)
                else:
                    continue
                before = nodes[target]
                nodes[target] = out if before is None else before + out
        last = nodes[-1]
        return torch.zeros_like(x) if last is None else last


class FastSupernet(Supernet):
    """The NB201 supernet with edges batched by source. Arguments: see :class:`Skeleton`."""

    layout = torch.channels_last

    def __init__(
        self, *, channels: int = 16, cells: int = 5, classes: int = 10, running: bool = True
    ) -> None:
        super().__init__(channels=channels, cells=cells, classes=classes, running=running)
        for source, rows in enumerate(ROWS):
            self.register_buffer(f"_rows_{source}", torch.tensor(rows), persistent=False)

    def make_cell(self, channels: int) -> SearchCell:
        """A :class:`FastCell`."""
        return FastCell(channels=channels, running=self.running)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """See :class:`Supernet`."""
        return self.walk(x, self.grouped(weights))

    def grouped(self, weights: Tensor) -> Groups:
        """β [6, 5] by source node and operation."""
        return [
            weights.index_select(0, self.get_buffer(f"_rows_{source}")).unbind(1)
            for source in range(len(ROWS))
        ]
