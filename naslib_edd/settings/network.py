"""Settings of the supernet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.errors import UserError
from naslib_edd.settings.fields import setting


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Which network holds the architectures, and how large it is."""

    supernet: Literal["fast", "plain"] = setting("fast", "edges batched, or a module an operation")
    channels: int = setting(16, "C, the width of the first stage", at_least=1)
    cells: int = setting(5, "N, cells a stage", at_least=1, at_most=1000)
    running_statistics: bool = setting(True, "batch norms keep running statistics")
    partial_channels: int = setting(
        1,
        "K (PC-DARTS): one channel in K goes through the operations",
        at_least=1,
    )
    edge_weights: bool = setting(
        True,
        "with partial_channels above 1, edges have weights of their own (DrNAS: they have none)",
    )
    exclude_none: bool = setting(False, "`none` takes no part in the search")

    @property
    def edge_columns(self) -> int:
        """Columns of the logits behind the operations': 1 where edges have weights of their own."""
        return int(self.partial_channels > 1 and self.edge_weights)

    def check_network(self) -> None:
        """Raise UserError for settings of the supernet that do not go together."""
        if self.channels % self.partial_channels:
            raise UserError(
                f"search.partial_channels = {self.partial_channels} does not divide "
                f"search.channels = {self.channels}: one channel in K goes through the operations, "
                "so K must be a divisor of C"
            )
