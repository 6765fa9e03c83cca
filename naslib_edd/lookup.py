"""One architecture's record from a table found as everywhere: argument, then environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from naslib_edd.errors import DataMissing
from naslib_edd.spaces.nb201 import Arch, to_ops
from naslib_edd.tabular.locate import find_table

if TYPE_CHECKING:
    from naslib_edd.tabular import Record


def query(arch: Arch, *, table: str | os.PathLike[str] | None = None) -> Record:
    """Look one architecture up.

    Args:
        arch: an index (0 … 15,624), an architecture string, or six operation ids.
        table: a table's path, or ``"digits"``, the built-in one; by default the environment
            variable NASLIB_EDD_TABLE names it.

    Opens the table at each call. For many queries, open it once: ``Table.open(path).query(arch)``.

    Raises:
        UserError: no such architecture, or no readable table.
    """
    ops = to_ops(arch)
    path = find_table(None if table is None else str(table), None)
    if path is None:
        raise DataMissing(
            "no benchmark table: name one with --table PATH (digits: the built-in one) or set "
            "NASLIB_EDD_TABLE; `naslib-edd doctor` says which files will do"
        )
    from naslib_edd.tabular import Table

    return Table.open(path).query(ops)
