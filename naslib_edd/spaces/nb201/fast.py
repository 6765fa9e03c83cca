"""The fast supernet: the same function as the plain one, edges batched by their source node.

What is shared (each exact, only the rounding differs):

1. one ReLU and one average pool of a node serve every edge that leaves it;
2. the same-size convolutions of those edges are one convolution with 3C, 2C or C outputs, followed
   by one affine-free batch norm (statistics are a channel's own, so batching changes none);
3. β scales inside the batch norm, as its weight: no pass of its own, and ∂l/∂β comes from the same
   backward kernel;
4. ``none`` takes part in β and costs nothing else;
5. all that leaves a node along one edge is weighted and added in one function with a backward by
   hand (:mod:`naslib_edd.spaces.nb201.edge_sums`);
6. a training step is one function a node with its backward by hand, in which the 1×1 convolutions'
   norms need no pass of their own (:mod:`naslib_edd.spaces.nb201.fused`), with kernels in C++
   where a compiler is (:mod:`naslib_edd.supernet.native`);
7. on a CPU the pool is a depthwise convolution (:mod:`naslib_edd.supernet.pool`).

:mod:`naslib_edd.spaces.nb201.twins` carries weights between the twins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.spaces.nb201.edge_sums import edge_sums
from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, EDGES, NODES, POOL, SKIP
from naslib_edd.spaces.nb201.fused import NodeWeights, send_along_edges
from naslib_edd.spaces.nb201.sampled import Path, node_sum, path_of
from naslib_edd.spaces.nb201.sampled_convs import Group
from naslib_edd.spaces.nb201.sampled_native import cell_along
from naslib_edd.spaces.nb201.sampled_nodes import used, zeros
from naslib_edd.spaces.nb201.skeleton import NB201Supernet, SearchCell
from naslib_edd.supernet.drop_path import DropPath
from naslib_edd.supernet.layers import BatchNorm
from naslib_edd.supernet.native import native_kernels
from naslib_edd.supernet.pool import fast_average_pool

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
        self.conv = nn.Conv2d(channels, channels * edges, kernel, padding=kernel // 2, bias=False)
        self.norm = BatchNorm(channels=channels * edges, affine=False, running=running)

    def forward(self, rectified: Tensor, beta: Tensor) -> Tensor:
        """ReLU(h) [B, C, H, W] and β [edges] of this operation → [B, edges·C, H, W], weighted."""
        out: Tensor = self.norm(self.conv(rectified), beta.repeat_interleave(self.channels))
        return out

    @property
    def channels(self) -> int:
        """C, of one edge."""
        return self.conv.in_channels

    def part(self, place: int) -> slice:
        """The output channels of the edge at ``place``."""
        return slice(place * self.channels, (place + 1) * self.channels)

    def some(
        self, rectified: Tensor, places: Sequence[int], weights: Sequence[Tensor] | None
    ) -> list[Tensor]:
        """Only the edges at ``places``: [B, C, H, W] each, weighted if weights are given."""
        found: list[Tensor] = []
        while len(found) < len(places):
            first = last = len(found)
            while last + 1 < len(places) and places[last + 1] == places[last] + 1:
                last += 1  # neighbours are one convolution
            part = slice(places[first] * self.channels, (places[last] + 1) * self.channels)
            out = F.conv2d(rectified, self.conv.weight[part], padding=self.conv.padding)
            scale = None
            if weights is not None:
                beta = torch.stack(list(weights[first : last + 1]))
                scale = beta.repeat_interleave(self.channels)
            found += self.norm.apply_slice(out, part, scale).chunk(last + 1 - first, 1)
        return found

    @torch.no_grad()
    def see_zeros(self, place: int) -> None:
        """What a training pass of zeros does to the statistics of the edge at ``place``."""
        for statistic in (self.norm.running_mean, self.norm.running_var):
            if statistic is not None:
                statistic[self.part(place)] *= 1 - self.norm.momentum

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

    def forward(self, x: Tensor, weights: Groups, drop_path: DropPath | None = None) -> Tensor:
        """See :class:`SearchCell`; the weights come grouped by source node."""
        if self.training and drop_path is None:
            return self._train(x, weights)
        factors = None if drop_path is None else drop_path.factors(x, len(EDGES))
        arriving: list[list[Tensor]] = [[] for _ in range(NODES)]
        node = x
        for source, (rows, beta) in enumerate(zip(ROWS, weights, strict=True)):
            rectified = F.relu(node)
            one = self.conv1[source](rectified, beta[CONV1])
            three = self.conv3[source](rectified, beta[CONV3])
            pooled = fast_average_pool(node)
            sums = edge_sums(node, pooled, beta[SKIP], beta[POOL], one, three)
            if factors is not None:
                sums = tuple(factors[row] * part for row, part in zip(rows, sums, strict=True))
            for row, total in zip(rows, sums, strict=True):
                arriving[EDGES[row][1]].append(total)
            node = sum(arriving[source + 1][1:], start=arriving[source + 1][0])
        return node

    def _train(self, x: Tensor, weights: Groups) -> Tensor:
        """:meth:`forward` where norms go by the batch: a function a node, backward by hand."""
        nodes: list[Tensor | None] = [x, *([None] * (NODES - 1))]
        for source, (rows, beta) in enumerate(zip(ROWS, weights, strict=True)):
            node = nodes[source]
            assert node is not None
            one, three = self.batched(CONV1, source), self.batched(CONV3, source)
            targets = [EDGES[row][1] for row in rows]
            totals = send_along_edges(
                node,
                NodeWeights(beta[SKIP], beta[POOL], beta[CONV1], beta[CONV3]),
                one.conv.weight,
                three.conv.weight,
                one.norm,
                three.norm,
                [nodes[target] for target in targets],
            )
            for target, total in zip(targets, totals, strict=True):
                nodes[target] = total
        last = nodes[-1]
        assert last is not None
        return last

    def sampled(self, x: Tensor, path: Path) -> Tensor:
        """See :class:`SearchCell`.

        A node that only `none` leads to is zero. What a convolution makes of it is zero again, and
        so is every gradient: in training such a convolution is left out.
        """
        if self.training and not torch.is_autocast_enabled("cpu") and native_kernels(x) is not None:
            return self._sampled_native(x, path)
        arriving: list[list[tuple[Tensor, Tensor | None]]] = [[] for _ in range(NODES)]
        node: Tensor | None = x
        zero = [False] + [True] * (NODES - 1)
        for source, rows in enumerate(ROWS):
            for op in (CONV1, CONV3):
                places = [place for place, row in enumerate(rows) if path.ops[row] == op]
                layer = self.batched(op, source)
                if places and zero[source] and self.training:
                    for place in places:
                        layer.see_zeros(place)
                elif places:
                    chosen = [path.chosen[rows[p]] for p in places] if path.chosen else None
                    value = F.relu(torch.zeros_like(x) if node is None else node)
                    for place, out in zip(places, layer.some(value, places, chosen), strict=True):
                        arriving[EDGES[rows[place]][1]].append((out, None))
                        zero[EDGES[rows[place]][1]] = False
            pooled: Tensor | None = None
            for row in rows:
                op, target = path.ops[row], EDGES[row][1]
                if node is None or op not in (SKIP, POOL):
                    continue
                if op == POOL and pooled is None:
                    pooled = fast_average_pool(node)
                out = node if op == SKIP or pooled is None else pooled
                arriving[target].append((out, path.chosen[row] if path.chosen else None))
                zero[target] &= zero[source]
            others = path.others[source + 1] if path.others else None
            node = node_sum(arriving[source + 1], others, like=x)
        return torch.zeros_like(x) if node is None else node

    def _sampled_native(self, x: Tensor, path: Path) -> Tensor:
        """:meth:`sampled` in training, with C++ kernels."""
        zero, alive = zeros(path.ops), used(path.ops)
        groups, kernels = [], []
        for source, rows in enumerate(ROWS):
            for op in (CONV1, CONV3):
                layer = self.batched(op, source)
                for wanted in (True, False):
                    places = tuple(
                        place
                        for place, row in enumerate(rows)
                        if path.ops[row] == op and alive[EDGES[row][1]] is wanted
                    )
                    if zero[source]:
                        for place in places:
                            layer.see_zeros(place)
                    elif places:
                        on = tuple(rows[place] for place in places)
                        groups.append(Group(source, layer.norm, on, places, wanted))
                        kernels.append(layer.conv.weight)
        return cell_along(x, path.ops, path.both, groups, kernels)

    def convolutions(self) -> Iterator[tuple[Any, list[tuple[int, int]]]]:
        """See :class:`SearchCell`."""
        for op in (CONV1, CONV3):
            for source, rows in enumerate(ROWS):
                yield self.batched(op, source), [(row, op) for row in rows]

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


class FastSupernet(NB201Supernet):
    """The NB201 supernet with edges batched by source. Arguments: see :class:`Skeleton`."""

    memory_format = torch.channels_last

    def __init__(
        self, *, channels: int = 16, cells: int = 5, classes: int = 10, running: bool = True
    ) -> None:
        super().__init__(channels=channels, cells=cells, classes=classes, running=running)
        for source, rows in enumerate(ROWS):
            self.register_buffer(f"_rows_{source}", torch.tensor(rows), persistent=False)

    def make_cell(self, channels: int) -> SearchCell:
        """A :class:`FastCell`."""
        return FastCell(channels=channels, running=self.running)

    def prepared(self, weights: Tensor) -> Groups:
        """See :class:`Supernet`: grouped by source node, a tensor an operation."""
        return [
            weights.index_select(0, self.get_buffer(f"_rows_{source}")).unbind(1)
            for source in range(len(ROWS))
        ]

    def sampled(self, x: Tensor, weights: Tensor, ops: Sequence[int]) -> Tensor:
        """See :class:`Supernet`."""
        return self.walk(x, path_of(weights, ops), method="sampled")
