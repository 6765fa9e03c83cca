"""The regularisers of a config."""

from __future__ import annotations

from naslib_edd.regularisers import Regulariser
from naslib_edd.settings import SearchSettings


def make_regularisers(search: SearchSettings) -> list[Regulariser]:
    """What is added to the loss of the logits, in order; none by default."""
    return []
