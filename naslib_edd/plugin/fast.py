"""NASLib's NB201 graph, computed by the fast supernet: one network, two ways to see it.

The graph keeps its parameters, its statistics and its place in checkpoints; what is computed in a
step is :class:`~naslib_edd.spaces.nb201.fast.FastSupernet`, whose layers read the graph's tensors
(:mod:`naslib_edd.plugin.tied`). :class:`~naslib_edd.plugin.mixed.GraphSupernet` is the slow twin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from naslib_edd.plugin import rng
from naslib_edd.plugin.layout import Layout
from naslib_edd.plugin.mixed import GraphSupernet, Weights
from naslib_edd.plugin.tied import HostNorm, JoinedConv
from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, EDGES
from naslib_edd.spaces.nb201.fast import ROWS, BatchedConvBN, FastCell, FastSupernet
from naslib_edd.spaces.nb201.fast_partial import FastPartialSupernet
from naslib_edd.supernet.layers import Reduction, ReLUConvBN, Statistics

#: The place of a convolution among NASLib's primitives of an edge.
_PRIMITIVES = {CONV3: "ReLUConvBN3x3", CONV1: "ReLUConvBN1x1"}


@dataclass(frozen=True)
class Blocks:
    """The macro graph taken apart: NASLib's modules in order."""

    stem: Any
    stages: list[list[Any]]
    reductions: list[Any]
    head: list[Any]


def blocks(graph: Any, layout: Layout) -> Blocks | None:
    """A parsed graph's blocks; None where it is not NASLib's own NB201 network.

    Its size may be another than NASLib's 16 channels and 5 cells a stage.
    """
    if not layout.is_nb201 or not hasattr(graph, "edges"):
        return None
    nodes = sorted(graph.nodes)
    if sorted(graph.edges) != list(pairwise(nodes)) or len(nodes) < 4:
        return None
    stem, *middle, head = (graph.edges[edge].op for edge in pairwise(nodes))
    stages: list[list[Any]] = [[]]
    reductions = []
    for block in middle:
        if hasattr(block, "conv_a"):
            reductions.append(block)
            stages.append([])
        else:
            stages[-1].append(block)
    found = Blocks(stem, stages, reductions, list(getattr(head, "op", ())))
    return found if _is_whole(graph, found) else None


def _is_whole(graph: Any, found: Blocks) -> bool:
    """Whether the blocks are of the expected kinds, and all that has parameters."""
    if len(found.stages) != 3 or len({len(stage) for stage in found.stages}) != 1:
        return False
    kinds = [type(module) for module in found.head]
    if kinds != [nn.BatchNorm2d, nn.ReLU, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Linear]:
        return False
    if not hasattr(found.stem, "seq") or any(r.downsample is None for r in found.reductions):
        return False
    cells = [cell for stage in found.stages for cell in stage]
    convolutions = [conv for cell in cells for conv in _convolutions(cell)]
    if not convolutions or any(conv.bias is not None for conv in convolutions):
        return False
    if any(isinstance(m, nn.BatchNorm2d) and _keeps(m) for cell in cells for m in cell.modules()):
        return False
    parts = [found.stem, *found.reductions, *found.head, *convolutions]
    ours = {id(parameter) for part in parts for parameter in part.parameters()}
    return ours == {id(parameter) for parameter in graph.parameters()}


def _keeps(norm: nn.BatchNorm2d) -> bool:
    return norm.affine or norm.track_running_stats


def _convolutions(cell: Any) -> list[nn.Conv2d]:
    return [module for module in cell.modules() if isinstance(module, nn.Conv2d)]


class TiedSupernet(GraphSupernet):
    """The fast supernet on a graph's own parameters and statistics, called as the graph's is.

    Args:
        graph: NASLib's, parsed, with our mixed operations.
        weights: see :class:`GraphSupernet`.
        layout: of its edges.
        found: its blocks.
        partial: K of partial channels.

    β comes in NASLib's order of edges and operations, as everywhere on this host.
    """

    fast: FastSupernet

    def __init__(
        self, *, graph: Any, weights: Weights, layout: Layout, found: Blocks, partial: int = 1
    ) -> None:
        super().__init__(graph=graph, weights=weights)
        self.edges = layout
        graph.to(memory_format=FastSupernet.memory_format)
        size: dict[str, Any] = {
            "channels": found.stem.seq[0].out_channels,
            "cells": len(found.stages[0]),
            "classes": found.head[-1].out_features,
            "running": False,
        }
        with rng.kept():
            fast = (
                FastPartialSupernet(partial=partial, **size)
                if partial > 1
                else FastSupernet(**size)
            )
        # Not a submodule: the graph's tensors are not to be there twice.
        self.__dict__["fast"] = fast
        self.fast.samples = weights.sampled
        self.fast.drop_path = weights.drop_path
        _tie(self.fast, found)

    def forward(self, images: Tensor, beta: Tensor) -> Tensor:
        """Class scores of images under edge weights [edges, operations]."""
        self.follow(images.device)
        out: Tensor = self.fast(_laid_out(images), self.edges.written(beta))
        return out

    @torch.no_grad()
    def discretised(
        self,
        images: Tensor,
        ops: Sequence[int],
        statistics: Statistics = "batch",
        edge_weights: Tensor | None = None,
    ) -> Tensor:
        """See :meth:`Supernet.discretised`: ops and edge weights in the written order."""
        self.follow(images.device)
        return self.fast.discretised(_laid_out(images), ops, statistics, edge_weights)

    def follow(self, device: torch.device) -> None:
        """Be where the graph is: on its device, and in its mode, whoever changed either."""
        if self.fast.get_buffer("_rows_0").device != device:
            self.fast.to(device)
        if self.fast.training != self.graph.training:
            self.fast.train(self.graph.training)


def _laid_out(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=FastSupernet.memory_format)


def _tie(fast: FastSupernet, found: Blocks) -> None:
    """Give the fast supernet's layers NASLib's parameters and statistics."""
    fast.stem.conv, fast.stem.norm = found.stem.seq[0], HostNorm(found.stem.seq[1])
    for ours, theirs in zip(fast.reductions, found.reductions, strict=True):
        assert isinstance(ours, Reduction)
        for block, host in ((ours.conv_a, theirs.conv_a), (ours.conv_b, theirs.conv_b)):
            assert isinstance(block, ReLUConvBN)
            block.conv, block.norm = host.op[1], HostNorm(host.op[2])
        ours.shortcut = theirs.downsample[1]
    fast.head.norm, fast.head.linear = HostNorm(found.head[0]), found.head[-1]
    cells = [cell for stage in found.stages for cell in stage]
    for cell, graph in zip(fast.search_cells(), cells, strict=True):
        assert isinstance(cell, FastCell)
        for source, rows in enumerate(ROWS):
            for op in (CONV1, CONV3):
                layer = cell.batched(op, source)
                assert isinstance(layer, BatchedConvBN)
                convs = [_convolution(graph, row, op) for row in rows]
                layer.conv = cast(nn.Conv2d, JoinedConv(convs))


def _convolution(cell: Any, row: int, op: int) -> nn.Conv2d:
    """NASLib's convolution of an operation on an edge (a row as in the record)."""
    source, target = EDGES[row]
    primitives = cell.edges[source + 1, target + 1].op.primitives
    (found,) = (p for p in primitives if p.get_op_name == _PRIMITIVES[op])
    conv: nn.Conv2d = found.op[1]
    return conv
