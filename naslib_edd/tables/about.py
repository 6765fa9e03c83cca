"""What a table says about itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from naslib_edd.tables.columns import Array
from naslib_edd.tables.formats import unreadable

#: The array that holds a table's words about itself, a JSON object as one text.
ABOUT = "about"


def read_about(arrays: Mapping[str, Array], path: Path) -> dict[str, Any]:
    """See :attr:`~naslib_edd.tables.values.Values.about`."""
    if ABOUT not in arrays:
        return {}
    try:
        found = json.loads(str(arrays[ABOUT]))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise unreadable(path, f"has an array '{ABOUT}' that is no JSON object")
    return found
