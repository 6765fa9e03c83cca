"""Settings of the selection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SelectionSettings:
    """How and when logits become an architecture."""

    def check_selection(self) -> None:
        """Raise UserError for settings of the selection that do not go together."""
