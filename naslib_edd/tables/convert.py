"""Any table into the compact one."""

from __future__ import annotations

import os
from pathlib import Path

from naslib_edd.storage.paths import path_of
from naslib_edd.tables import compact, formats


def convert(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> Path:
    """Write a table of any known format as a compact one; arrays of every kind are kept.

    Args:
        source: path of the table, see :mod:`naslib_edd.tables.formats`.
        target: path of the ``.npz``; an existing file is replaced when the new one is whole.

    Raises:
        DataMissing: there is no source.
        UserError: the source is not a table, or the target cannot be written.
    """
    to = path_of(target, "the file to write")  # before the source is read, which takes long
    return compact.write(formats.read(path_of(source, "the table")), to)
