"""A search space that only the tests have, unlike NAS-Bench-201 wherever a space may be.

Two kinds of cell, edges that halve the image, no `none`, other operations on each edge, and nodes
that keep two of the edges that enter them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.config.settings import SearchSettings
from naslib_edd.spaces import Cell, Kept, Layout, Space, register_space
from naslib_edd.spaces.edge_column import split
from naslib_edd.spaces.nb201.widening import copies, widen_layer
from naslib_edd.supernet.base import Supernet
from naslib_edd.supernet.layers import Head, ReLUConvBN, Statistics, Stem, evaluating

OPERATIONS = ("nor_conv_3x3", "skip_connect", "max_pool_3x3", "nor_conv_1x1")
_EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
LAYOUT = Layout(
    cells=(
        Cell(name="normal", edges=_EDGES, nodes=4, keep=2),
        Cell(name="reduce", edges=_EDGES, nodes=4, keep=2, strided=frozenset({0, 1, 3})),
    ),
    operations=OPERATIONS,
    # A pair, three or all four, and skip_connect not everywhere.
    choices=((0, 1), (0, 1, 2, 3), (0, 3), (1, 2, 3), (0, 1, 2, 3), (0, 1, 3)) * 2,
)


class MaxPool(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, stride=self.stride, padding=1)


def operation(name: str, *, channels: int, stride: int, running: bool) -> nn.Module:
    if name == "max_pool_3x3":
        return MaxPool(stride)
    if name == "skip_connect" and stride == 1:
        return nn.Identity()
    kernel = 3 if name == "nor_conv_3x3" else 1
    return ReLUConvBN(
        channels_in=channels, channels_out=channels, kernel=kernel, stride=stride,
        affine=False, running=running,
    )  # fmt: skip


class ProofCell(nn.Module):
    """Operations on one channel in K; the rest of an edge passes by (pooled where it halves)."""

    def __init__(self, kind: str, *, channels: int, partial: int, running: bool) -> None:
        super().__init__()
        self.rows, self.width = LAYOUT.rows(kind), channels // partial
        strided = next(cell.strided for cell in LAYOUT.cells if cell.name == kind)
        self.strides = [2 if number in strided else 1 for number in range(len(_EDGES))]
        self.edges = nn.ModuleList(
            nn.ModuleDict(
                {
                    str(op): operation(
                        OPERATIONS[op], channels=self.width, stride=stride, running=running
                    )
                    for op in LAYOUT.columns(row)
                }
            )
            for row, stride in zip(self.rows, self.strides, strict=True)
        )

    def forward(self, x: Tensor, weights: Tensor, factors: Any = None) -> Tensor:
        beta, of_edges = split(weights, len(OPERATIONS))
        nodes = [x]
        for target in range(1, 4):
            total: Any = None
            for number, (source, node) in enumerate(_EDGES):
                if node != target:
                    continue
                row = self.rows[number]
                out = self._edge(number, nodes[source], beta[row])
                if of_edges is not None:
                    out = of_edges[row] * out
                if factors is not None:
                    out = factors[number] * out
                total = out if total is None else total + out
            nodes.append(total)
        return nodes[-1] + nodes[-2]

    def _edge(self, number: int, h: Tensor, beta: Tensor) -> Tensor:
        part, rest = h[:, : self.width], h[:, self.width :]
        mixed: Any = sum(beta[int(op)] * f(part) for op, f in self.edges[number].items())  # type: ignore[union-attr, operator]
        if rest.shape[1] == 0:
            return mixed
        if self.strides[number] == 2:
            rest = F.max_pool2d(rest, 2, ceil_mode=True)
        return torch.cat([mixed, rest], 1)


class ProofSupernet(Supernet):
    """Stem, a normal cell, a reduce cell, a normal cell, head."""

    def __init__(self, search: SearchSettings, classes: int) -> None:
        super().__init__()
        channels, self.partial = search.channels, search.partial_channels
        running = search.running_statistics
        self.stem = Stem(channels=channels, running=running)
        self.cells = nn.ModuleList(
            ProofCell(kind, channels=channels, partial=self.partial, running=running)
            for kind in ("normal", "reduce", "normal")
        )
        self.head = Head(channels=channels, classes=classes, running=running)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        return self.by_cell(x, [weights] * len(self.cells))

    @property
    def cell_count(self) -> int:
        return len(self.cells)

    def by_cell(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        x, drop = self.stem(x), self.drop_path
        for cell, own in zip(self.cells, weights, strict=True):
            dropping = drop is not None and drop.probability > 0 and self.training
            factors = drop.factors(x, len(_EDGES)) if drop is not None and dropping else None
            x = cell(x, own, factors)
        out: Tensor = self.head(x)
        return out

    @torch.no_grad()
    def discretised(
        self,
        x: Tensor,
        ops: Sequence[int | None],
        statistics: Statistics = "batch",
        edge_weights: Tensor | None = None,
    ) -> Tensor:
        weights = torch.zeros(LAYOUT.edges, len(OPERATIONS))
        for row, op in enumerate(ops):
            if op is not None:
                weights[row, op] = 1.0
        if edge_weights is not None:
            gone = weights.sum(-1) == 0
            weights = torch.cat([weights, edge_weights.masked_fill(gone, 0.0)[:, None]], 1)
        with evaluating(self, statistics):
            return self(x, weights)

    def operation_weights(self) -> list[Tensor]:
        return [
            m.conv.weight
            for cell in self.cells
            for m in cell.modules()
            if isinstance(m, ReLUConvBN)
        ]

    def widen(
        self, *, partial: int, optimizer: torch.optim.Optimizer, generator: torch.Generator
    ) -> None:
        for cell in self.cells:
            assert isinstance(cell, ProofCell)
            wider = cell.width * self.partial // partial
            for layer in cell.modules():
                if isinstance(layer, ReLUConvBN):
                    pair = (
                        copies(channels=cell.width, wider=wider, generator=generator),
                        copies(channels=cell.width, wider=wider, generator=generator),
                    )
                    widen_layer(layer, [pair], optimizer)
            cell.width = wider
        self.partial = partial


class ProofNetwork(nn.Module):
    """One architecture's own network: the supernet's modules, one path."""

    def __init__(self, arch: Kept, *, channels: int, classes: int) -> None:
        super().__init__()
        self.whole = ProofSupernet(SearchSettings(channels=channels), classes)
        weights = torch.zeros(LAYOUT.edges, len(OPERATIONS))
        for row, op in enumerate(arch):
            if op is not None:
                weights[row, op] = 1.0
        self.register_buffer("weights", weights)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.whole(x, self.weights)
        return out


class ProofSpace(Space):
    name, title = "proof", "the tests' space"
    layout = LAYOUT
    defaults: ClassVar[dict[str, Any]] = {"weight_decay": 1e-4}

    def text(self, arch: Sequence[int | None]) -> str:
        names = [
            f"{cell}{source}{target}:{OPERATIONS[op]}"
            for row, op in enumerate(arch)
            if op is not None
            for cell, source, target in [LAYOUT.edge(row)]
        ]
        return " ".join(names)

    def supernet(self, search: SearchSettings, *, classes: int) -> Supernet:
        return ProofSupernet(search, classes)

    def network(
        self, arch: Sequence[int | None], *, channels: int, cells: int, classes: int
    ) -> nn.Module:
        return ProofNetwork(tuple(arch), channels=channels, classes=classes)


PROOF = register_space(ProofSpace())
