"""What a table holds and says about itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables.columns import Array, is_column
from naslib_edd.tables.formats import unreadable

if TYPE_CHECKING:
    from naslib_edd.tables.table import Table

#: The array that holds a table's words about itself, a JSON object as one text.
ABOUT = "about"


def describe(table: Table) -> dict[str, Any]:
    """See :meth:`~naslib_edd.tables.table.Table.info`."""
    best: dict[str, dict[str, Any]] = {}
    for name, values in table.accuracies.items():
        dataset, _, split = name.partition("__")
        count = int(np.isfinite(values).sum())
        top = int(np.nanargmax(values)) if count else None
        best.setdefault(dataset, {})[split] = {
            "architectures": count,
            "best": None if top is None else float(values[top]),
            "best_index": top,
        }
    return {
        "source": str(table.source),
        "format": table.format,
        "architectures": len(table),
        "of": nb201.SIZE,
        "datasets": best,
        "columns": list(table.columns),
        "other_arrays": [name for name in table.arrays if not is_column(name)],
        "missing": table.absent,
        "notes": table.notes,
        "about": table.about,
    }


def read_about(arrays: Mapping[str, Array], path: Path) -> dict[str, Any]:
    """See :attr:`~naslib_edd.tables.table.Table.about`."""
    if ABOUT not in arrays:
        return {}
    try:
        found = json.loads(str(arrays[ABOUT]))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise unreadable(path, f"has an array '{ABOUT}' that is no JSON object")
    return found
