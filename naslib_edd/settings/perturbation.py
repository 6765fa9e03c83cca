"""Settings of the perturbation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PerturbationSettings:
    """What the weight step does to β before it trains the weights."""

    def check_perturbation(self) -> None:
        """Raise UserError for settings of the perturbation that do not go together."""
