"""Settings of the regularisers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RegulariserSettings:
    """What is added to the losses, or done to the network, against overfitting and collapse."""

    def check_regularisers(self) -> None:
        """Raise UserError for settings of the regularisers that do not go together."""
