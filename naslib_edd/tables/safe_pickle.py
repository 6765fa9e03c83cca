"""Reading tables' pickles, which may come from anyone; the messages when one is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.storage.broken import BROKEN, first_line, printable
from naslib_edd.storage.pickles import PLAIN, Forbidden, Machine, Stream
from naslib_edd.storage.pickles.state import Filled
from naslib_edd.storage.pickles.stream import Readable
from naslib_edd.tables.formats import unreadable


def refused(path: Path, wanted: str) -> UserError:
    """The error for a file that names something beyond plain data."""
    hint = ""
    if wanted.startswith("torch"):
        hint = " (files with network weights are not read: take the '-simple' ones)"
    return UserError(
        f"{path} wants the global '{printable(wanted)}', which could run code; a table needs only "
        f"plain data, so nothing was loaded{hint}: get the file from its publisher again"
    )


def load(file: Readable | Stream, path: Path, *, filled: Filled | None = None) -> Any:
    """Unpickle plain data from an open file or a stream; ``path`` is for the messages.

    Args:
        file: the file.
        path: for the messages.
        filled: told of each dict when it is filled, see
            :data:`naslib_edd.storage.pickles.state.Filled`.

    Raises:
        UserError: the pickle wants a global beyond plain data, is damaged, or asks for too much.
    """
    stream = file if isinstance(file, Stream) else Stream(file)
    return load_from(Machine(stream, known=PLAIN, filled=filled), path)


def load_from(machine: Machine, path: Path) -> Any:
    """The next pickle of a machine, with :func:`load`'s messages."""
    try:
        return machine.load()
    except Forbidden as error:
        raise refused(path, error.wanted) from error
    except BROKEN as error:
        raise unreadable(path, f"is cut short or damaged ({first_line(error)})") from error
