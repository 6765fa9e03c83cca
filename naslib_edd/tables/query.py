"""One architecture's record from a table found as everywhere: argument, environment, built-in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from naslib_edd.spaces.nb201.encoding import (
    Arch,
)
from naslib_edd.spaces.nb201.forms import to_ops
from naslib_edd.tables.locate import built_in, find_table

if TYPE_CHECKING:
    from naslib_edd.tables import Record, Table


def query(arch: Arch, *, table: str | os.PathLike[str] | None = None, epochs: int = 200) -> Record:
    """Look one architecture up.

    Args:
        arch: in any form of :mod:`naslib_edd.spaces.nb201.forms`: an index (0 … 15,624), an
            architecture string, six operation ids or names, ….
        table: a table's path, or ``"nb201"`` or ``"digits"``, the built-in ones; by default the
            one that the environment variable NASLIB_EDD_TABLE names, or nb201.
        epochs: 200, or 12 for the runs of 12 epochs.

    Opens the table at each call. For many queries, open it once:
    ``Table.open("nb201").query(arch)``.

    Raises:
        UserError: no such architecture, or no readable table.
    """
    ops = to_ops(arch)
    return default_table(None if table is None else os.fspath(table)).query(ops, epochs=epochs)


def default_table(path: str | None = None) -> Table:
    """The table of that path or name, the environment's, or NAS-Bench-201's, the built-in one.

    Raises:
        UserError: it cannot be read.
    """
    from naslib_edd.tables import Table

    return Table.open(find_table(path) or built_in("nb201") or "nb201")
