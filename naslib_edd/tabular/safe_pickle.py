"""Reading pickles that may come from anyone.

A pickle can name any function and have it called. Here it may name only containers and what NumPy
needs for its numbers and arrays; anything else ends the reading before it is so much as imported.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from naslib_edd.errors import UserError
from naslib_edd.tabular.formats import BROKEN, first_line, printable, unreadable


def _encode(text: str, encoding: str) -> bytes:
    """What protocol 2 calls to make bytes; the real one would take any codec."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"bytes in the encoding {encoding!r}")
    return text.encode("latin1")


def numpy_globals() -> dict[str, Any]:
    """Full name -> what NumPy's pickled numbers, dtypes and arrays refer to, old names and new."""
    # Asked of NumPy itself: its modules were renamed between versions 1 and 2.
    allowed: dict[str, Any] = {"numpy.dtype": np.dtype, "numpy.ndarray": np.ndarray}
    for core in ("numpy.core", "numpy._core"):
        allowed[f"{core}.multiarray.scalar"] = np.float64(0).__reduce__()[0]
        allowed[f"{core}.multiarray._reconstruct"] = np.empty(0).__reduce__()[0]
        allowed[f"{core}.numeric._frombuffer"] = np.empty(1).__reduce_ex__(5)[0]
    return allowed


_ALLOWED: dict[str, Any] = {
    **{f"builtins.{kind.__name__}": kind for kind in (set, frozenset, list, dict, int, float)},
    "collections.OrderedDict": OrderedDict,
    "collections.defaultdict": defaultdict,
    "_codecs.encode": _encode,
    **numpy_globals(),
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, path: Path) -> None:
        super().__init__(file)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        wanted = f"{'builtins' if module == '__builtin__' else module}.{name}"
        if wanted not in _ALLOWED:
            raise refused(self._path, wanted)
        return _ALLOWED[wanted]


def refused(path: Path, wanted: str) -> UserError:
    """The error for a file that names something beyond plain data."""
    hint = ""
    if wanted.startswith("torch"):
        hint = " (files with network weights are not read: take the '-simple' ones)"
    return UserError(
        f"{path} wants the global '{printable(wanted)}', which could run code; a table needs only "
        f"plain data, so nothing was loaded{hint}: get the file from its publisher again"
    )


def load(file: BinaryIO, path: Path) -> Any:
    """Unpickle plain data from an open file; ``path`` is for the messages.

    Raises:
        UserError: the pickle wants a global beyond plain data, or is damaged.
    """
    try:
        return _Unpickler(file, path).load()
    except BROKEN as error:
        raise unreadable(path, f"is cut short or damaged ({first_line(error)})") from error
