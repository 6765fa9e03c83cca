"""Reading one pickle from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from naslib_edd.storage.pickles.machine import Machine
from naslib_edd.storage.pickles.standins import PLAIN, Maker
from naslib_edd.storage.pickles.state import Filled
from naslib_edd.storage.pickles.stream import Readable, Stream


def read_pickle(
    file: Readable,
    *,
    size: int | None = None,
    known: Mapping[str, Maker] = PLAIN,
    filled: Filled | None = None,
) -> Any:
    """The content of a pickle; ``size`` is the file's where it is known.

    Raises:
        PickleFault: it is damaged, names more than plain data, or asks for too much.
        IndexError, struct.error, ValueError: it is damaged.
    """
    return Machine(Stream(file, size=size), known=known, filled=filled).load()
