"""Which table to use: of the flag, the configuration, the data set, or the environment."""

from __future__ import annotations

import os
from pathlib import Path

from naslib_edd.errors import DataMissing
from naslib_edd.storage.paths import path_of, readable

VARIABLE = "NASLIB_EDD_TABLE"
NONE = "none"
#: The tables that the package carries, each by the name of its data set.
BUILT_IN = ("digits", "nb201")
#: A data set of a search -> the built-in table that has it.
TABLE_OF = {
    "digits": "digits",
    "cifar10": "nb201",
    "cifar100": "nb201",
    "imagenet16_120": "nb201",
}


def built_in(name: str) -> Path | None:
    """The file of a built-in table, or None for any other name.

    ``analog`` is the file of the package analog-nasbench.

    Raises:
        DataMissing: ``analog``, and that package is not installed.
    """
    if name == "analog":
        from naslib_edd.tables.analog import location

        return location()
    return Path(__file__).with_name(f"{name}.npz") if name in BUILT_IN else None


def find_table(
    flag: str | None = None, config: str | None = None, *, dataset: str | None = None
) -> Path | None:
    """The path of the table, or None where nobody named one.

    A name of :data:`BUILT_IN` is that table, ``none`` is none. A search on digits has the table of
    digits where neither flag nor configuration names another: the environment's is most likely
    NAS-Bench-201's, which knows nothing of that data set. A search on NAS-Bench-201's data sets has
    the built-in one where the environment names none, either.

    Args:
        flag: value of the command line's flag.
        config: value from the configuration.
        dataset: the data set of the search.

    Raises:
        DataMissing: the first that was given names a path that does not exist.
    """
    own = TABLE_OF.get((dataset or "").strip().lower().replace("-", "_"))
    givers = (
        ("the command line", flag),
        ("the configuration", config),
        ("the data set", own if own == dataset else None),
        (f"the environment variable {VARIABLE}", os.environ.get(VARIABLE)),
        ("the data set", own),
    )
    for giver, value in givers:
        if value == NONE:
            return None
        if value:
            path = built_in(value) or path_of(value, f"the table that {giver} gives")
            if not readable(path, f"the table that {giver} gives"):
                raise DataMissing(
                    f"there is no benchmark table at {path}, the path that {giver} gives; correct "
                    "it, or leave it out to go on without a table"
                )
            return path
    return None
