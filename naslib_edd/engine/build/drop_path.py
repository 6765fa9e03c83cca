"""The drop path of a config."""

from __future__ import annotations

import torch

from naslib_edd.config.settings import SearchSettings
from naslib_edd.supernet.drop_path import DropPath


def make_drop_path(search: SearchSettings, *, generator: torch.Generator) -> DropPath | None:
    """What drops edges while the supernet trains; nothing by default."""
    if search.drop_path == 0:
        return None
    return DropPath(largest=search.drop_path, epochs=search.epochs, generator=generator)
