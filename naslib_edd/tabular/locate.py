"""Which table to use: the flag, else the configuration, else the environment."""

from __future__ import annotations

import os
from pathlib import Path

from naslib_edd.errors import DataMissing

VARIABLE = "NASLIB_EDD_TABLE"


def find_table(flag: str | None = None, config: str | None = None) -> Path | None:
    """The path of the table, or None where nobody named one.

    Args:
        flag: value of the command line's flag.
        config: value from the configuration.

    Raises:
        DataMissing: the first that was given names a path that does not exist.
    """
    givers = (
        ("the command line", flag),
        ("the configuration", config),
        (f"the environment variable {VARIABLE}", os.environ.get(VARIABLE)),
    )
    for giver, value in givers:
        if value:
            path = Path(value).expanduser()
            if not path.exists():
                raise DataMissing(
                    f"there is no benchmark table at {path}, the path that {giver} gives; correct "
                    "it, or leave it out to go on without a table"
                )
            return path
    return None
