"""Floors: searches that train nothing and only look architectures up in the table.

What a one-shot search should beat with as many look-ups as it has epochs. Here, and only here, the
table steers the search.
"""

from naslib_edd.floors.engine import FloorEngine
from naslib_edd.floors.local_search import local_search
from naslib_edd.floors.random_search import Proposals, random_search

__all__ = ["FloorEngine", "Proposals", "local_search", "random_search"]
