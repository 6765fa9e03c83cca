"""What a supernet of any space is to a search."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from naslib_edd.errors import UserError
from naslib_edd.supernet.drop_path import DropPath
from naslib_edd.supernet.layers import Statistics


class Supernet(nn.Module, abc.ABC):
    """A one-shot network that holds every architecture of a space.

    The logits are not its own: the edge weights β come in with the batch, a row an edge and a
    column an operation as in the space's layout (and, with partial channels, a column of edge
    weights behind them).
    """

    #: The memory layout it is meant to run in.
    memory_format: torch.memory_format = torch.contiguous_format
    #: The half type that all but the head runs in, see :mod:`naslib_edd.supernet.precision`.
    autocast_to: torch.dtype | None = None
    #: drops edges in training mode, if it is there
    drop_path: DropPath | None = None
    #: One-hot edge weights are a sample, of which nothing else is computed. (Without this, weights
    #: that have saturated to 0 and 1 still have the gradients of all operations.)
    samples: bool = False

    @abc.abstractmethod
    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Class scores [B, classes] of images x [B, 3, H, W] under edge weights."""

    @abc.abstractmethod
    def discretised(
        self,
        x: Tensor,
        ops: Sequence[int | None],
        statistics: Statistics = "batch",
        edge_weights: Tensor | None = None,
    ) -> Tensor:
        """Class scores of one architecture with the shared weights (the paper's Fig. 4B).

        Args:
            x: images, [B, 3, H, W].
            ops: the operation of each row, None where the edge is gone.
            statistics: normalise by this batch, or by the running statistics.
            edge_weights: [edges], of a network with partial channels only; by default each edge
                counts 1.

        Changes nothing in the network, and draws no random number.
        """

    @property
    def cell_count(self) -> int:
        """Cells in all, each of which :meth:`by_cell` gives edge weights of its own."""
        raise UserError(_unable(self, "edge weights of its own to each cell (search.alignment)"))

    def by_cell(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """:meth:`forward` with edge weights of its own for each cell, first cell first."""
        raise UserError(_unable(self, "edge weights of its own to each cell (search.alignment)"))

    def operation_weights(self) -> list[Tensor]:
        """The weights of each operation that has any: cell by cell, edge by edge.

        Raises:
            UserError: operations share tensors, as in a fast supernet.
        """
        raise UserError(
            _unable(self, "each operation weights of its own (search.operation_stop)")
            + "; use search.supernet: plain"
        )

    def widen(
        self, *, partial: int, optimizer: torch.optim.Optimizer, generator: torch.Generator
    ) -> None:
        """Go on with a smaller K of partial channels, in place (DrNAS).

        Args:
            partial: the new K, a divisor of the old one.
            optimizer: of the weights, whose momentum is widened, too.
            generator: of the copies that new channels begin as, on the CPU.
        """
        raise UserError(_unable(self, "more channels to its operations (progressive_partial)"))


def widening(old: int, new: int) -> int:
    """How many times as many channels pass by the operations from partial channels K to another.

    Raises:
        UserError: the new K does not divide the old one.
    """
    factor, rest = divmod(old, new)
    if rest:
        raise UserError(
            f"cannot go from partial channels K = {old} to {new}: the new K must divide the old one"
        )
    return factor


def _unable(supernet: Supernet, what: str) -> str:
    return f"{type(supernet).__name__} cannot give {what}"
