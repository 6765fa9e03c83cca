"""Settings of the supernet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting
from naslib_edd.errors import UserError, nearest
from naslib_edd.spaces.layout import Layout


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Which network holds the architectures, and how large it is."""

    supernet: Literal["fast", "plain", "naslib"] = setting(
        "fast",
        "edges batched, or a module an operation; on NASLib, which has a module an operation, its "
        "own graph (plain and naslib: the same)",
    )
    channels: int = setting(16, "C, the width of the first stage", at_least=1)
    cells: int = setting(
        5, "N, cells a stage; of darts and s1 to s4: cells in all", at_least=1, at_most=1000
    )
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

    operations: tuple[str, ...] | None = setting(
        None, "the operations that take part, by the search space's names; all of them by default"
    )

    def columns_in(self, layout: Layout) -> tuple[int, ...]:
        """Which of a space's operations take part, as their columns."""
        names = layout.operations if self.operations is None else self.operations
        free = {layout.operations.index(name) for name in names}
        return tuple(sorted(free - {layout.none} if self.exclude_none else free))

    @property
    def edge_columns(self) -> int:
        """Columns of the logits behind the operations': 1 where edges have weights of their own."""
        return int(self.partial_channels > 1 and self.edge_weights)

    def check_network(self, layout: Layout) -> None:
        """Raise UserError for settings of the supernet that do not go together."""
        self._check_operations(layout)
        if self.channels % self.partial_channels:
            raise UserError(
                f"search.partial_channels = {self.partial_channels} does not divide "
                f"search.channels = {self.channels}: one channel in K goes through the operations, "
                "so K must be a divisor of C"
            )

    def _check_operations(self, layout: Layout) -> None:
        names = layout.operations if self.operations is None else self.operations
        for name in names:
            if name not in layout.operations:
                raise UserError(
                    f"search.operations names '{name}', which is no operation of the search space"
                    f"{nearest(name, layout.operations)}; it has {', '.join(layout.operations)}"
                )
        if len(set(names)) < len(names):
            raise UserError(f"search.operations names one twice: {', '.join(names)}")
        columns = self.columns_in(layout)
        if len(columns) < 2:
            left = ", ".join(layout.operations[op] for op in columns) or "nothing"
            raise UserError(
                f"search.operations leaves {left} to choose from; name two operations or more"
                + (" beside `none` (search.exclude_none: true)" if self.exclude_none else "")
            )
