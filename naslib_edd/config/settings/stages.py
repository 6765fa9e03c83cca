"""Settings of the stages."""

from __future__ import annotations

from dataclasses import dataclass

from naslib_edd.config.settings.progressive import ProgressiveSettings


@dataclass(frozen=True, kw_only=True)
class StageSettings(ProgressiveSettings):
    """What changes in the supernet while the search goes on."""

    def check_stages(self) -> None:
        """Raise UserError for settings of the stages that do not go together."""
