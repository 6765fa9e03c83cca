"""The supernet of a config."""

from __future__ import annotations

from naslib_edd import spaces
from naslib_edd.config.settings import SearchSettings
from naslib_edd.errors import UserError
from naslib_edd.spaces import Space
from naslib_edd.supernet.base import Supernet


def make_supernet(search: SearchSettings, *, classes: int, space: Space | None = None) -> Supernet:
    """The supernet of a config, its weights drawn from torch's global generator.

    Args:
        search: the settings.
        classes: of the images.
        space: what is searched; NAS-Bench-201 by default.

    Raises:
        UserError: it is NASLib's graph, which is there on NASLib's Trainer only.
    """
    if search.supernet == "naslib":
        raise UserError(
            "search.supernet: naslib is NASLib's own graph: run it on NASLib's Trainer "
            "(--engine naslib), or set search.supernet: fast"
        )
    return (space or spaces.get("nasbench201")).supernet(search, classes=classes)
