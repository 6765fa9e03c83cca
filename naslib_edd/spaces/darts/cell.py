"""A search cell of the DARTS space, module by module: every operation on every edge.

With partial channels (K above 1) operations see the first C/K channels of a node. For the edge from
h with weights β and edge weight w, in K groups of channels::

    mix  = Σ_o β_o · o(h[: C/K])
    edge = w · shuffle([mix, h[C/K :]])      the other groups pass; a 2×2 max pool where it halves

Sources: Liu et al. 2019, "DARTS" (quark0/darts, ``cnn/model_search.py``); Xu et al. 2020,
"PC-DARTS" (yuhuixu1993/PC-DARTS, ``model_search.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.spaces.darts.layout import EDGES, INPUTS, NODES, STRIDED
from naslib_edd.spaces.darts.operations import FactorizedReduce, build_operation
from naslib_edd.spaces.layout import Layout
from naslib_edd.supernet.layers import ReLUConvBN

#: What an edge (its place in the cell, its source's value) hands on; None: it is gone.
Edge = Callable[[int, Tensor], "Tensor | None"]


class DartsCell(nn.Module):
    """A cell of C channels; its output has 4C.

    Args:
        layout: of the space; its ``choices`` say which operations an edge has.
        kind: "normal" or "reduce".
        before_last, last: channels of the two inputs.
        channels: C.
        halved: whether the last cell halved the image, so that the input before it must be, too.
        partial: K, a divisor of C.
        running: the norms keep running statistics.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        kind: str,
        before_last: int,
        last: int,
        channels: int,
        halved: bool,
        partial: int,
        running: bool,
    ) -> None:
        super().__init__()
        self.kind, self.channels, self.width = kind, channels, channels // partial
        self.rows = tuple(layout.rows(kind))
        self.strides = tuple(
            2 if kind == "reduce" and place in STRIDED else 1 for place in range(len(EDGES))
        )
        self.preprocess0: nn.Module
        if halved:
            self.preprocess0 = FactorizedReduce(
                channels_in=before_last, channels_out=channels, affine=False, running=running
            )
        else:
            self.preprocess0 = _pointwise(before_last, channels, running)
        self.preprocess1 = _pointwise(last, channels, running)
        self.columns = tuple(layout.columns(row) for row in self.rows)
        self.names = layout.operations
        self.edges = nn.ModuleList(
            nn.ModuleList(
                build_operation(self.names[op], self.width, stride, False, running=running)
                for op in columns
            )
            for columns, stride in zip(self.columns, self.strides, strict=True)
        )

    @property
    def strided(self) -> bool:
        """Whether it halves the image."""
        return self.kind == "reduce"

    def operation(self, place: int, op: int) -> nn.Module:
        """The operation of a column on the edge at ``place`` (of the cell's 14)."""
        edge = self.edges[place]
        assert isinstance(edge, nn.ModuleList)
        return edge[self.columns[place].index(op)]

    def states(self, before_last: Tensor, last: Tensor) -> list[Tensor]:
        """The cell's two input nodes, [B, C, H, W] each."""
        return [self.preprocess0(before_last), self.preprocess1(last)]

    def forward(
        self,
        before_last: Tensor,
        last: Tensor,
        beta: Tensor,
        edge_weights: Tensor | None = None,
        factors: Tensor | None = None,
    ) -> Tensor:
        """Weighted sum of all operations on every edge: [B, 4C, H, W], or half the size.

        Args:
            before_last, last: what the two cells before it gave.
            beta: [28, operations].
            edge_weights: [28], with partial channels; 1 each by default.
            factors: of drop path, [14, B, 1, 1, 1].
        """

        def edge(place: int, h: Tensor) -> Tensor:
            part, rest = self.parted(h)
            row = self.rows[place]
            mixed = add(
                [beta[row, op] * self.operation(place, op)(part) for op in self.columns[place]]
            )
            out = self.whole(mixed, rest)
            if edge_weights is not None:
                out = edge_weights[row] * out
            return out if factors is None else factors[place] * out

        return self._through(self.states(before_last, last), edge)

    def sampled(
        self, before_last: Tensor, last: Tensor, beta: Tensor, ops: Sequence[int | None]
    ) -> Tensor:
        """:meth:`forward` where each row of β is one-hot, or nothing: one operation an edge.

        Of the other operations nothing is computed; their weights, zeros, have the gradient of a
        number that is added to the edge's output.
        """

        def edge(place: int, h: Tensor) -> Tensor | None:
            row, columns = self.rows[place], self.columns[place]
            op = ops[row]
            if op is None:
                return None
            out: Tensor = beta[row, op] * self.operation(place, op)(h)
            others = [beta[row, other] for other in columns if other != op]
            return out + add(others) if others else out

        return self._through(self.states(before_last, last), edge)

    def discretised(
        self,
        before_last: Tensor,
        last: Tensor,
        ops: Sequence[int | None],
        edge_weights: Tensor | None = None,
    ) -> Tensor:
        """One operation an edge, with the shared weights; None where the edge is gone."""

        def edge(place: int, h: Tensor) -> Tensor | None:
            row = self.rows[place]
            op = ops[row]
            if op is None:
                return None
            part, rest = self.parted(h)
            out = self.whole(self.operation(place, op)(part), rest)
            return out if edge_weights is None else edge_weights[row] * out

        return self._through(self.states(before_last, last), edge)

    def parted(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """The channels of a node that operations see, and the rest."""
        return h[:, : self.width], h[:, self.width :]

    def whole(self, mixed: Tensor, rest: Tensor) -> Tensor:
        """What comes of the operations and what passes by them, put together and shuffled."""
        if rest.shape[1] == 0:
            return mixed
        if rest.shape[2] != mixed.shape[2]:
            rest = F.max_pool2d(rest, 2, ceil_mode=True)
        return F.channel_shuffle(torch.cat([mixed, rest], 1), self.channels // self.width)

    def _through(self, nodes: list[Tensor], edge: Edge) -> Tensor:
        for target in range(INPUTS, NODES):
            entering = [
                edge(place, nodes[source])
                for place, (source, end) in enumerate(EDGES)
                if end == target
            ]
            there = [out for out in entering if out is not None]
            nodes.append(add(there) if there else self._nothing(nodes[0]))
        return torch.cat(nodes[INPUTS:], 1)

    def _nothing(self, x: Tensor) -> Tensor:
        step = 2 if self.strided else 1
        return torch.zeros_like(x[:, :, ::step, ::step])


def _pointwise(channels_in: int, channels_out: int, running: bool) -> ReLUConvBN:
    return ReLUConvBN(
        channels_in=channels_in,
        channels_out=channels_out,
        kernel=1,
        affine=False,
        running=running,
    )


def add(inputs: list[Tensor]) -> Tensor:
    """The sum of tensors of one shape, or of numbers."""
    total = inputs[0]
    for tensor in inputs[1:]:
        total = total + tensor
    return total
