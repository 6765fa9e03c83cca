"""The search network of the DARTS space, module by module.

Stem of 3C channels, cells of C channels (twice as many from each reduce cell on, which stand at one
and two thirds of the depth), global pool, linear layer. Source: quark0/darts,
``cnn/model_search.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from naslib_edd.errors import UserError
from naslib_edd.spaces.darts.cell import DartsCell
from naslib_edd.spaces.darts.layout import EDGES, INPUTS, NODES
from naslib_edd.spaces.darts.widening import widen_supernet
from naslib_edd.spaces.edge_column import split
from naslib_edd.spaces.layout import Layout
from naslib_edd.supernet.base import Supernet
from naslib_edd.supernet.layers import Statistics, Stem, evaluating
from naslib_edd.supernet.one_hot import one_hot_ops
from naslib_edd.supernet.precision import autocast, wide

#: Of the stem: its channels are this often C.
STEM = 3


class Head(nn.Module):
    """Global average pool and linear layer: [B, C, H, W] to [B, classes]."""

    def __init__(self, *, channels: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores [B, classes]."""
        out: Tensor = self.linear(x.mean((2, 3)))
        return out


class PlainDartsSupernet(Supernet):
    """A one-shot network that holds every architecture of a space with DARTS' two cells.

    Args:
        layout: of the space: β is [28, operations], and with partial channels may have a column
            more, the weights of the edges.
        channels: C of the first cells.
        cells: in all.
        classes: number of classes.
        running: the norms keep running statistics.
        partial: K; operations see one channel in K. A divisor of C.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        channels: int = 16,
        cells: int = 8,
        classes: int = 10,
        running: bool = True,
        partial: int = 1,
    ) -> None:
        super().__init__()
        if channels // partial < 2:
            raise UserError(
                f"with search.channels = {channels} and search.partial_channels = {partial} "
                f"operations see {channels // partial}; this space needs two channels or more"
            )
        self.layout, self.channels, self.classes = layout, channels, classes
        self.running, self.partial = running, partial
        self.stem = Stem(channels=STEM * channels, running=running)
        self.cells = nn.ModuleList()
        before_last = last = STEM * channels
        halved = False
        for number in range(cells):
            strided = number in (cells // 3, 2 * cells // 3)
            channels = 2 * channels if strided else channels
            self.cells.append(
                self.make_cell(
                    kind="reduce" if strided else "normal",
                    before_last=before_last,
                    last=last,
                    channels=channels,
                    halved=halved,
                )
            )
            before_last, last, halved = last, (NODES - INPUTS) * channels, strided
        self.head = Head(channels=last, classes=classes)

    def make_cell(self, **size: Any) -> DartsCell:
        """A cell. Called while the network is built, in order."""
        return DartsCell(self.layout, partial=self.partial, running=self.running, **size)

    def search_cells(self) -> Iterator[DartsCell]:
        """The cells, first cell first."""
        for cell in self.cells:
            assert isinstance(cell, DartsCell)
            yield cell

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Class scores [B, classes] of images x [B, 3, H, W] under edge weights.

        ``weights`` may be of another dtype or device than the images: they are brought to those.

        Raises:
            UserError: the weights are not numbers [28, operations (+ 1)].
        """
        weights = self._brought(weights, x)
        if self.samples and self.partial == 1:
            ops = one_hot_ops(weights)
            if ops is not None:
                return self._walk(x, lambda cell, *s: cell.sampled(*s, weights, ops))
        return self.by_cell(x, [weights] * len(self.cells))

    @property
    def cell_count(self) -> int:
        """See :class:`Supernet`."""
        return len(self.cells)

    def by_cell(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """See :class:`Supernet`."""
        left, drop = iter(weights), self.drop_path
        dropping = drop is not None and drop.probability > 0 and self.training

        def through(cell: DartsCell, *states: Tensor) -> Tensor:
            beta, of_edges = split(next(left), len(self.layout.operations))
            factors = None
            if drop is not None and dropping:
                factors = drop.factors(states[0], len(EDGES))
            out: Tensor = cell(*states, beta, of_edges, factors)
            return out

        return self._walk(x, through)

    @torch.no_grad()
    def discretised(
        self,
        x: Tensor,
        ops: Sequence[int | None],
        statistics: Statistics = "batch",
        edge_weights: Tensor | None = None,
    ) -> Tensor:
        """See :class:`Supernet`."""
        of_edges = None if edge_weights is None else edge_weights.to(x)
        with evaluating(self, statistics):
            return self._walk(x, lambda cell, *s: cell.discretised(*s, ops, of_edges))

    def operation_weights(self) -> list[Tensor]:
        """See :class:`Supernet`; of an operation of several convolutions, those of each."""
        return [
            module.weight
            for cell in self.search_cells()
            for module in cell.edges.modules()
            if isinstance(module, nn.Conv2d)
        ]

    def widen(
        self, *, partial: int, optimizer: torch.optim.Optimizer, generator: torch.Generator
    ) -> None:
        """See :class:`Supernet`, and :mod:`naslib_edd.spaces.darts.widening`."""
        widen_supernet(self, partial=partial, optimizer=optimizer, generator=generator)

    def _walk(self, x: Tensor, through: Any) -> Tensor:
        with autocast(x, self.autocast_to):
            before_last = last = self.stem(x)
            for cell in self.search_cells():
                before_last, last = last, through(cell, before_last, last)
        out: Tensor = self.head(wide(last))
        return out

    def _brought(self, weights: Any, x: Tensor) -> Tensor:
        rows, columns = self.layout.edges, len(self.layout.operations)
        try:
            found = torch.as_tensor(weights).to(device=x.device, dtype=x.dtype)
        except (TypeError, ValueError, RuntimeError):
            found = None
        widths = (columns, columns + 1)
        if found is None or found.ndim != 2 or len(found) != rows or found.shape[1] not in widths:
            shape = list(getattr(weights, "shape", ())) or type(weights).__name__
            raise UserError(
                f"edge weights are numbers [{rows}, {columns}], a row an edge and a column an "
                f"operation, not {shape}"
            )
        return found
