"""What a fast cell computes: its operations as terms of the sums that its nodes are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
from naslib_edd.supernet.native.terms import Term, Terms


class Plan:
    """The terms of a cell, by the node that they enter; all of them, or one an edge.

    Args:
        cell: whose.
        ops: of a sample, the operation of each of the space's rows, None where the edge is gone.

    Attributes:
        terms: of each node that is no input, first to last.
        counts: how many these are.
        weights: of each of these nodes, how many kernels its terms have.
        rows, columns: where β has the weights of all terms.
        entering: the rows of the edges that enter each of these nodes, source 0 first.
        others: of a sample, where β has the weights of what was not sampled, and which of these
            nodes it would enter; None without a sample.
        pools: of each source which pools are wanted, as arguments of the kernels.
        convolved: the sources of which a convolution reads the ReLU.
        strides: of the edges that leave each source.
        edges: how many edges leave each source.
        normed, twice: which terms have a norm, and which have one in their middle, too.
        norms: the last norms of ``normed``, then those in the middle of ``twice``.
    """

    def __init__(self, cell: DartsCell, ops: Sequence[int | None] | None = None) -> None:
        places: dict[int, list[int]] = {target: [] for target in range(INPUTS, NODES)}
        for place, (_, target) in enumerate(EDGES):
            places[target].append(place)
        self.terms = [Terms(_terms(cell, of, ops)) for of in places.values()]
        every = [term for terms in self.terms for term in terms]
        modules = [cell.operation(term.place, term.op) for term in every]
        self.counts = [len(terms) for terms in self.terms]
        self.weights = [
            sum(len(kernels_of(cell.operation(term.place, term.op))) for term in terms)
            for terms in self.terms
        ]
        self.rows = _index(cell.rows[term.place] for term in every)
        self.columns = _index(term.op for term in every)
        self.entering = [_index(cell.rows[place] for place in of) for of in places.values()]
        self.others: tuple[Tensor, Tensor, Tensor] | None = None
        if ops is not None:
            left = [
                (cell.rows[place], op, number)
                for number, of in enumerate(places.values())
                for place in of
                for op in cell.columns[place]
                if ops[cell.rows[place]] not in (None, op)
            ]
            rows, columns, numbers = (_index(one[k] for one in left) for k in range(3))
            self.others = rows, columns, numbers
        kinds = {(term.source, term.kind) for term in every}
        self.pools = [
            {"largest": (source, "max") in kinds, "average": (source, "avg") in kinds}
            for source in range(NODES - 1)
        ]
        self.convolved = {source for source, kind in kinds if kind in ("once", "twice", "reduce")}
        self.strides = [2 if cell.strided and source < INPUTS else 1 for source in range(NODES - 1)]
        self.edges = [_leaving(source) for source in range(NODES - 1)]
        of_terms = [norms_of(module) for module in modules]
        self.normed = _index(number for number, norms in enumerate(of_terms) if norms)
        self.twice = _index(number for number, norms in enumerate(of_terms) if len(norms) > 1)
        self.norms = [norms[-1] for norms in of_terms if norms]
        self.norms += [norms[0] for norms in of_terms if len(norms) > 1]


def _terms(cell: DartsCell, places: Sequence[int], ops: Sequence[int | None] | None) -> list[Term]:
    """Those of one node, which the edges at these places enter."""
    found, first = [], 0
    for place in places:
        source, target = EDGES[place]
        for op in _chosen(cell, place, ops):
            module = cell.operation(place, op)
            kind = _kind(module)
            if kind is None:
                continue
            kernels = kernels_of(module)
            edges = _leaving(source)
            found.append(
                Term(
                    place=place,
                    op=op,
                    kind=kind,
                    source=source,
                    stride=cell.strides[place],
                    dilation=2 if kind == "once" else 1,
                    kernel=kernels[0].shape[-1] if kernels else 1,
                    first=first,
                    edge=target - NODES + edges,
                    edges=edges,
                )
            )
            first += len(kernels)
    return found


def _leaving(source: int) -> int:
    """How many edges leave a node."""
    return NODES - max(INPUTS, source + 1)


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
    kinds = {SepConv: "twice", DepthwiseConvBN: "once", FactorizedReduce: "reduce", Noise: "noise"}
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
