"""Partial channels (PC-DARTS), the plain twin: operations see one channel in K.

For the edge from h with weights β and edge weight w, K groups of C/K channels each::

    mix  = Σ_o β_o · o(h[: C/K])        the operations, on the first group
    edge = w · shuffle([mix, h[C/K :]])  the other groups pass as they are

`shuffle` deals the groups out in turn: channel i of group g goes to place i·K + g, so that the next
operations see other channels. Source: Xu et al. 2020, "PC-DARTS", eq. 1 and 2.

The discretised pass is the same function with one-hot β: each chosen operation on its C/K channels
(its shared weights know no others), the rest passed on, the edge weights as they are. An edge with
`none` still passes the rest on.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.edge_column import split
from naslib_edd.spaces.nb201.encoding import EDGES, NODES, OPERATIONS
from naslib_edd.spaces.nb201.plain import PlainCell, PlainSupernet, add
from naslib_edd.spaces.nb201.skeleton import SearchCell
from naslib_edd.supernet.drop_path import DropPath


def shuffled(mixed: Tensor, rest: Tensor) -> Tensor:
    """[B, C/K, H, W] and [B, C − C/K, H, W], put together and shuffled: [B, C, H, W]."""
    whole = torch.cat([mixed, rest], 1)
    return F.channel_shuffle(whole, whole.shape[1] // mixed.shape[1])


def edge_weights(weights: Tensor) -> Tensor:
    """The edge weights [edges] beside β: the column behind the operations', or 1 without one."""
    _, edges = split(weights, len(OPERATIONS))
    return torch.ones_like(weights[:, 0]) if edges is None else edges


class PlainPartialCell(PlainCell):
    """A cell whose operations see one channel in K.

    Args:
        channels: C, of the cell.
        partial: K, a divisor of C.
        running: the norms keep running statistics.
    """

    def __init__(self, *, channels: int, partial: int, running: bool) -> None:
        super().__init__(channels=channels // partial, running=running)
        self.width = channels // partial

    def forward(self, x: Tensor, weights: Tensor, drop_path: DropPath | None = None) -> Tensor:
        """See :class:`SearchCell`; weights are [6, 6] with edge weights, [6, 5] without."""
        nodes, of_edges = [x], edge_weights(weights)
        for target in range(1, NODES):
            inputs = [
                of_edges[row] * self._edge(row, nodes[source], weights[row])
                for row, (source, node) in enumerate(EDGES)
                if node == target
            ]
            nodes.append(add(inputs))
        return nodes[-1]

    def discretised(self, x: Tensor, ops: Sequence[int], of_edges: Tensor | None = None) -> Tensor:
        """See :class:`SearchCell`; ``of_edges``: the edge weights [6], 1 by default."""
        weights = F.one_hot(torch.tensor(ops), len(OPERATIONS)).to(x)
        if of_edges is not None:
            weights = torch.cat([weights, of_edges[:, None].to(weights)], 1)
        return self(x, weights)

    def _edge(self, row: int, h: Tensor, beta: Tensor) -> Tensor:
        part, rest = h[:, : self.width], h[:, self.width :]
        mixed = add([b * op(part) for b, op in zip(beta, self.operations(row), strict=False)])
        return shuffled(mixed, rest)


class PlainPartialSupernet(PlainSupernet):
    """The NB201 supernet with partial channels, module by module.

    Args:
        partial: K, a divisor of ``channels``.

    The others: see :class:`Skeleton`. β is [6, 6], its last column the edge weights, or [6, 5].
    """

    def __init__(
        self,
        *,
        partial: int,
        channels: int = 16,
        cells: int = 5,
        classes: int = 10,
        running: bool = True,
    ) -> None:
        self.partial = partial  # the skeleton asks for cells while it is being built
        super().__init__(channels=channels, cells=cells, classes=classes, running=running)

    def make_cell(self, channels: int) -> SearchCell:
        """A :class:`PlainPartialCell`."""
        return PlainPartialCell(channels=channels, partial=self.partial, running=self.running)
