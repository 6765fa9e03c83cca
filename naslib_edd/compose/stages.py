"""The stages of a config: what acts at the boundaries of epochs."""

from __future__ import annotations

from naslib_edd.settings import SearchSettings
from naslib_edd.stages import Stage


def make_stages(search: SearchSettings, *, seed: int) -> list[Stage]:
    """In the order in which they act; none by default."""
    return []
