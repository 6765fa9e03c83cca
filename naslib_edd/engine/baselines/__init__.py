"""Floors: searches that train nothing, to hold one-shot searches against.

Some look architectures up in the table: there, and only there, the table steers the search. A
one-shot search should beat them with as many look-ups as it has epochs. Others score untrained
networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from naslib_edd.engine.baselines.engine import TableSearch
from naslib_edd.engine.baselines.local_search import local_search
from naslib_edd.engine.baselines.proxy_engine import ProxyEngine
from naslib_edd.engine.baselines.random_search import Proposals, random_search

if TYPE_CHECKING:
    from naslib_edd.config.settings import Config, SearchSettings
    from naslib_edd.data import SearchData
    from naslib_edd.tables import Table

__all__ = [
    "Proposals",
    "ProxyEngine",
    "TableSearch",
    "local_search",
    "make_floor",
    "needs_images",
    "random_search",
]


def needs_images(search: SearchSettings) -> bool:
    """Whether a search looks at images at all."""
    return search.strategy not in ("random_search", "local_search")


def make_floor(
    *, config: Config, table: Table | None, data: SearchData | None, device: torch.device
) -> TableSearch:
    """The engine of a config whose ``search.strategy`` is a floor."""
    if data is None:
        return TableSearch(config=config, table=table)
    return ProxyEngine(config=config, data=data, device=device)
