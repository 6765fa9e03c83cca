"""NASLib's view of the logits: a parameter an edge, in the logits' own memory.

NASLib's code, and its users', reads and writes ``optimizer.architectural_weights`` and the edges'
``alpha``. Here both are the same parameters, views of one tensor of all logits. What trains the
logits is that tensor: the parameters ask for no gradient.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from naslib_edd.plugin.layout import ROW
from naslib_edd.spaces.edge_column import split


class LogitViews:
    """The rows of the logits, without the column of edge weights, as parameters.

    Args:
        logits: [edges, operations] and perhaps a column more.
        operations: of an edge.
    """

    def __init__(self, logits: Tensor, operations: int) -> None:
        self.logits, self.operations = logits, operations
        self._make()

    def _make(self) -> None:
        rows, _ = split(self.logits.detach(), self.operations)
        self._parameters = nn.ParameterList(nn.Parameter(row, requires_grad=False) for row in rows)
        self._memory = self.logits.data_ptr()
        self._places = [row.data_ptr() for row in rows]

    @torch.no_grad()
    def current(self) -> tuple[nn.ParameterList, bool]:
        """The parameters, and whether they are new.

        They are made anew where the logits have moved. Where a parameter was given other data
        (``weight.data = …``), the logits take these.
        """
        if self.logits.data_ptr() != self._memory:
            self._make()
            return self._parameters, True
        rows, _ = split(self.logits.detach(), self.operations)
        for row, weight, place in zip(rows, self._parameters, self._places, strict=True):
            if weight.data_ptr() != place:
                row.copy_(weight)
                weight.data = row
        return self._parameters, False

    def show(self, graph: Any, scope: Any) -> None:
        """Give each edge its parameter under NASLib's key ``alpha``."""
        weights, _ = self.current()

        def give(edge: Any) -> None:
            if edge.data.has(ROW):
                edge.data.set("alpha", weights[edge.data[ROW]], shared=True)

        graph.update_edges(give, scope=scope, private_edge_data=False)
