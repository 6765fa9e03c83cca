"""The dict at the heart of NAS-Bench-201's file and of NATS-Bench's: checks, and rows by string.

An architecture is found by its string, so a file that lists them in another order, or only some of
them, is read as well as the whole benchmark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.storage.broken import BROKEN, printable
from naslib_edd.tables import names
from naslib_edd.tables.columns import Array
from naslib_edd.tables.formats import unreadable
from naslib_edd.tables.results import Costs, Gatherer

#: Number of epochs, ``"200"`` or ``"12"`` -> the key of its results.
Keys = Mapping[str, str]


def gather(path: Path, content: Any, *, keys: Keys, cost: Costs) -> dict[str, Array]:
    """The columns of a dict with ``meta_archs`` and ``arch2infos``.

    Raises:
        UserError: it is not such a dict, or its architectures are not NB201's.
    """
    if not isinstance(content, dict):
        raise unreadable(path, f"holds a {type(content).__name__}, not a table")
    for key in ("meta_archs", "arch2infos"):
        if not content.get(key):
            raise unreadable(path, f"holds a dict without '{key}', so it is not a table")
    if not isinstance(content["arch2infos"], dict):
        raise unreadable(path, "has 'arch2infos' that is not a dict")
    rows = rows_of(path, content["meta_archs"])
    return gather_rows(path, rows, content["arch2infos"].items(), keys=keys, cost=cost)


def rows_of(path: Path, meta_archs: Any) -> list[int]:
    """The row of each architecture of a file's list.

    Raises:
        UserError: an entry is not an architecture of NB201.
    """
    if not isinstance(meta_archs, list | tuple):
        raise unreadable(path, "has 'meta_archs' that is not a list")
    try:
        return [_row(arch) for arch in meta_archs]
    except (UserError, TypeError) as error:
        raise UserError(
            f"{path} holds another search space than NB201 (the topology space of NATS-Bench): "
            f"{printable(str(error))}"
        ) from error


def gather_rows(
    path: Path, rows: list[int], infos: Iterable[tuple[Any, Any]], *, keys: Keys, cost: Costs
) -> dict[str, Array]:
    """The columns of (position in the file's list, its results by number of epochs)."""
    gatherer = Gatherer(cost=cost)
    found = 0
    for position, info in infos:
        try:
            row = rows[position]
            full = info[keys["200"]]
            if _row(full["arch_str"]) != row:
                raise ValueError(f"its results are those of {full['arch_str']}")
            gatherer.add(row, full, info.get(keys["12"]))
        except (UserError, *BROKEN) as error:
            raise unreadable(
                path,
                f"has results of architecture {position} that are not as they should be "
                f"({type(error).__name__}: {error})",
            ) from error
        found += 1
    if not found:
        raise unreadable(path, "has no results of any architecture")
    return gatherer.arrays()


def _row(arch: Any) -> int:
    if not isinstance(arch, str):
        raise TypeError(f"an architecture that is no string but a {type(arch).__name__}")
    return names.index_of(arch)
