"""What a fast cell computes: its operations as terms of the sums that its nodes are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from naslib_edd.spaces.darts.cell import DartsCell
from naslib_edd.spaces.darts.layout import EDGES, INPUTS, NODES
from naslib_edd.spaces.darts.operations import (
    DepthwiseConvBN,
    FactorizedReduce,
    Noise,
    Pool,
    SepConv,
    Zero,
)
from naslib_edd.supernet.layers import BatchNorm


class Term(NamedTuple):
    """One operation on one edge.

    Attributes:
        place, op: the edge of the cell's 14, and the column.
        source: the node that it leaves.
        kind: ``sep``, ``dil``, ``reduce`` (skip where the edge halves), ``skip``, ``max``,
            ``avg``, ``noise``.
        stride: of the edge.
        dilation: of the convolutions.
        first: where its weights begin among the plan's.
    """

    place: int
    op: int
    source: int
    kind: str
    stride: int
    dilation: int
    first: int


class Plan:
    """The terms of a cell, by the node that they enter; all of them, or one an edge.

    Args:
        cell: whose.
        ops: of a sample, the operation of each of the space's rows, None where the edge is gone.

    Attributes:
        terms: of each node that is no input.
        rows, columns: where β has the weights of these terms.
        others: where β has the weights of what was not sampled; None without a sample.
        entering: the rows of the edges that enter each node, source 0 first.
        pools: of each source which pools are wanted, as arguments of the kernels.
        strides: of the edges that leave each source.
        weights: how many kernels the terms have together.
    """

    def __init__(self, cell: DartsCell, ops: Sequence[int | None] | None = None) -> None:
        self.terms: dict[int, tuple[Term, ...]] = {}
        self.rows: dict[int, Tensor] = {}
        self.columns: dict[int, Tensor] = {}
        self.entering: dict[int, Tensor] = {}
        self.others: dict[int, tuple[Tensor, Tensor]] | None = None if ops is None else {}
        self.weights = 0
        for target in range(INPUTS, NODES):
            places = [place for place, (_, end) in enumerate(EDGES) if end == target]
            chosen = {place: _chosen(cell, place, ops) for place in places}
            terms = [self._term(cell, place, op) for place in places for op in chosen[place]]
            self.terms[target] = there = tuple(term for term in terms if term is not None)
            self.rows[target] = _index(cell.rows[term.place] for term in there)
            self.columns[target] = _index(term.op for term in there)
            self.entering[target] = _index(cell.rows[place] for place in places)
            if ops is not None and self.others is not None:
                left = [
                    (cell.rows[place], op)
                    for place in places
                    for op in cell.columns[place]
                    if ops[cell.rows[place]] not in (None, op)
                ]
                self.others[target] = _index(row for row, _ in left), _index(op for _, op in left)
        every = [term for terms in self.terms.values() for term in terms]
        kinds = {(term.source, term.kind) for term in every}
        self.pools = [
            {"largest": (source, "max") in kinds, "average": (source, "avg") in kinds}
            for source in range(NODES - 1)
        ]
        self.strides = [2 if cell.strided and source < INPUTS else 1 for source in range(NODES - 1)]

    def _term(self, cell: DartsCell, place: int, op: int) -> Term | None:
        module = cell.operation(place, op)
        kind = _kind(module)
        if kind is None:
            return None
        dilation = 2 if kind == "dil" else 1
        source, first = EDGES[place][0], self.weights
        self.weights += len(kernels_of(module))
        return Term(place, op, source, kind, cell.strides[place], dilation, first)


def _chosen(cell: DartsCell, place: int, ops: Sequence[int | None] | None) -> tuple[int, ...]:
    if ops is None:
        return cell.columns[place]
    op = ops[cell.rows[place]]
    return () if op is None else (op,)


def _index(numbers: Iterable[int]) -> Tensor:
    return torch.tensor(list(numbers), dtype=torch.int64)


def _kind(module: nn.Module) -> str | None:
    if isinstance(module, Pool):
        return module.kind
    kinds = {SepConv: "sep", DepthwiseConvBN: "dil", FactorizedReduce: "reduce", Noise: "noise"}
    return None if isinstance(module, Zero) else kinds.get(type(module), "skip")


def kernels_of(module: nn.Module) -> list[Tensor]:
    """The weights of an operation, in the order that they are applied."""
    if isinstance(module, SepConv):
        return [*kernels_of(module.first), *kernels_of(module.second)]
    if isinstance(module, DepthwiseConvBN):
        return [module.depthwise.weight, module.pointwise.weight]
    if isinstance(module, FactorizedReduce):
        return [module.conv_1.weight, module.conv_2.weight]
    return []


def norms_of(module: nn.Module) -> list[BatchNorm]:
    """The norms of an operation, in the order that they are applied."""
    if isinstance(module, SepConv):
        return [module.first.norm, module.second.norm]
    if isinstance(module, DepthwiseConvBN | FactorizedReduce):
        return [module.norm]
    if isinstance(module, Pool) and module.norm is not None:
        return [module.norm]
    return []
