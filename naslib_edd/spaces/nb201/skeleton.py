"""The macro network of NB201: stem, three stages of cells with reductions between them, head.

What a cell computes is the subclass's: the plain supernet, the fast one, or one architecture.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.encoding import EDGES, OPERATIONS
from naslib_edd.spaces.nb201.sampled import sampled_ops
from naslib_edd.spaces.nb201.widening import widen_supernet
from naslib_edd.supernet.base import Supernet
from naslib_edd.supernet.drop_path import DropPath
from naslib_edd.supernet.layers import Head, Reduction, Statistics, Stem, evaluating
from naslib_edd.supernet.precision import autocast, wide


class SearchCell(nn.Module, abc.ABC):
    """A cell of a supernet: every operation on every edge."""

    @abc.abstractmethod
    def forward(self, x: Tensor, weights: Any, drop_path: DropPath | None = None) -> Tensor:
        """Weighted sum of all operations: x [B, C, H, W] → [B, C, H, W].

        ``weights`` is β [6, 5], or what the supernet made of it once for all its cells. With
        ``drop_path``, the sum of each edge is scaled by its factors.
        """

    @abc.abstractmethod
    def sampled(self, x: Tensor, path: Any) -> Tensor:
        """One operation an edge, see :mod:`naslib_edd.spaces.nb201.sampled`. Keeps [B, C, H, W].

        ``path`` is β, one-hot, and the operations, or what the supernet made of both.
        """

    @abc.abstractmethod
    def discretised(self, x: Tensor, ops: Sequence[int]) -> Tensor:
        """Only operation ``ops[e]`` on edge e, with the shared weights. Keeps [B, C, H, W]."""

    @abc.abstractmethod
    def convolutions(self) -> Iterator[tuple[Any, list[tuple[int, int]]]]:
        """Each layer with a convolution and a norm, and the (row, operation)s that it holds."""


Cell = TypeVar("Cell", bound=nn.Module)


class Skeleton(nn.Module, abc.ABC, Generic[Cell]):
    """Stem, 3 stages × ``cells`` cells of C, 2C, 4C channels, head.

    Args:
        channels: C, the width of the first stage (NB201: 16).
        cells: N, the cells a stage (NB201: 5).
        classes: number of classes.
        running: the norms keep running statistics (NB201's release: yes; NASLib: no).
    """

    def __init__(
        self, *, channels: int = 16, cells: int = 5, classes: int = 10, running: bool = True
    ) -> None:
        super().__init__()
        self.channels, self.cells, self.classes, self.running = channels, cells, classes, running
        self.stem = Stem(channels=channels, running=running)
        self.stages = nn.ModuleList()
        self.reductions = nn.ModuleList()
        for stage in range(3):
            width = channels * 2**stage
            if stage:
                self.reductions.append(
                    Reduction(channels_in=width // 2, channels_out=width, running=running)
                )
            self.stages.append(nn.ModuleList(self.make_cell(width) for _ in range(cells)))
        self.head = Head(channels=channels * 4, classes=classes, running=running)

    #: see :class:`naslib_edd.supernet.base.Supernet`
    autocast_to: torch.dtype | None = None

    @abc.abstractmethod
    def make_cell(self, channels: int) -> Cell:
        """A cell of this width. Called while the network is built, in order."""

    def walk(self, x: Tensor, *args: object, method: str = "forward") -> Tensor:
        """Run x [B, 3, H, W] through the network, with ``cell.method(x, *args)`` for each cell."""
        with autocast(x, self.autocast_to):
            x = self.stem(x)
            for number, stage in enumerate(self.stages):
                if number:
                    x = self.reductions[number - 1](x)
                for cell in stage:  # type: ignore[attr-defined]
                    x = cell(x, *args) if method == "forward" else getattr(cell, method)(x, *args)
        out: Tensor = self.head(wide(x))
        return out

    def search_cells(self) -> list[Cell]:
        """The cells in order, first stage first."""
        return [cell for stage in self.stages for cell in stage]  # type: ignore[attr-defined]


def _fits(weights: Any, x: Tensor) -> bool:
    return (
        isinstance(weights, Tensor)
        and (weights.dtype, weights.device) == (x.dtype, x.device)
        and weights.ndim == 2
        and len(weights) == len(EDGES)
    )


def _brought(weights: Any, x: Tensor) -> Tensor:
    try:
        found = torch.as_tensor(weights).to(device=x.device, dtype=x.dtype)
    except (TypeError, ValueError, RuntimeError):
        found = None
    if found is None or found.ndim != 2 or len(found) != len(EDGES):
        shape = list(getattr(weights, "shape", ())) or type(weights).__name__
        raise UserError(
            f"edge weights are numbers [{len(EDGES)}, {len(OPERATIONS)}], a row an edge and a "
            f"column an operation, not {shape}"
        )
    return found


class NB201Supernet(Skeleton[SearchCell], Supernet):
    """A one-shot network that holds every architecture of NAS-Bench-201; β is [6, 5]."""

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Class scores [B, classes] of images x [B, 3, H, W] under edge weights [6, 5].

        Rows of ``weights`` are the edges 1←0, 2←0, 2←1, 3←0, 3←1, 3←2, columns NB201's operations
        (and, with partial channels, a column of edge weights). They may be of another dtype or
        device than the images, or a NumPy array: they are brought to those of x.

        Raises:
            UserError: the weights are not numbers of that shape.
        """
        if not _fits(weights, x):
            weights = _brought(weights, x)
        ops = sampled_ops(weights) if self.samples else None
        if ops is not None:
            return self.sampled(x, weights, ops)
        drop = self.drop_path
        if drop is None or drop.probability == 0 or not self.training:
            return self.walk(x, self.prepared(weights))
        return self.walk(x, self.prepared(weights), drop)

    def prepared(self, weights: Tensor) -> Any:
        """The edge weights [6, 5] as the cells want them: made once for all cells."""
        return weights

    def sampled(self, x: Tensor, weights: Tensor, ops: Sequence[int]) -> Tensor:
        """Class scores [B, classes] along a sampled path, differentiable in ``weights``, too.

        Args:
            x: images, [B, 3, H, W].
            weights: one-hot, [6, 5].
            ops: where the ones are.
        """
        return self.walk(x, (weights, tuple(ops)), method="sampled")

    @torch.no_grad()
    def discretised(
        self,
        x: Tensor,
        ops: Sequence[int | None],
        statistics: Statistics = "batch",
        edge_weights: Tensor | None = None,
    ) -> Tensor:
        """See :class:`Supernet`; six operation ids, edge weights [6]."""
        with evaluating(self, statistics):
            more = () if edge_weights is None else (edge_weights,)
            return self.walk(x, tuple(ops), *more, method="discretised")

    @property
    def cell_count(self) -> int:
        """See :class:`Supernet`."""
        return len(self.search_cells())

    def by_cell(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """See :class:`Supernet`; drops no path, and samples none."""
        left = iter(weights)
        with autocast(x, self.autocast_to):
            x = self.stem(x)
            for number, stage in enumerate(self.stages):
                if number:
                    x = self.reductions[number - 1](x)
                for cell in stage:  # type: ignore[attr-defined]
                    x = cell(x, self.prepared(next(left)))
        out: Tensor = self.head(wide(x))
        return out

    def widen(
        self, *, partial: int, optimizer: torch.optim.Optimizer, generator: torch.Generator
    ) -> None:
        """See :class:`Supernet`, and :func:`naslib_edd.spaces.nb201.widening.widen_supernet`."""
        widen_supernet(self, partial=partial, optimizer=optimizer, generator=generator)
