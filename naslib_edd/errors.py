"""Errors that are meant for people: what was wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from naslib_edd.storage.literal import literal

_typed: ContextVar[bool] = ContextVar("typed", default=False)
#: Options of the command line that are arguments in Python, and how they look there.
_ARGUMENTS = {
    "--resume": "resume=True",
    "--force": "force=True",
    "--table PATH": "table=PATH",
}


@contextmanager
def on_command_line() -> Iterator[None]:
    """Inside, remedies are phrased for a command line; elsewhere for a call from Python."""
    token = _typed.set(True)
    try:
        yield
    finally:
        _typed.reset(token)


def remedy(text: str) -> str:
    """A text with options of the command line (``--resume``), as its reader would give them.

    In a call from Python they are arguments (``resume=True``). Whole commands, in backticks, stay.
    """
    if _typed.get() or "--" not in text:
        return text
    parts = text.split("`")
    for option, argument in _ARGUMENTS.items():
        parts[::2] = [part.replace(option, argument) for part in parts[::2]]
    return "`".join(parts)


class UserError(Exception):
    """Something the user can mend: the command line prints it as one line and exits with code 2.

    Write the message as a sentence that says what was wrong, where, and what to do; options as the
    command line has them (see :func:`remedy`). Whatever texts of users it quotes, it stays one line
    without control characters.
    """

    def __init__(self, message: str) -> None:
        super().__init__(remedy(literal(message)))


class DataMissing(UserError):
    """A data set or a table was not found where the program looked for it."""


class Diverged(UserError):
    """A loss became NaN or infinite; the last good checkpoint was kept."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """The hint that ends a message about an unknown name.

    Returns ``"; did you mean 'x'?"``, or the list of choices where none is near.
    """
    options = [str(choice) for choice in choices]
    longer = [option for option in options if name and option.startswith(f"{name}_")]
    # difflib takes time that grows with the square of a text's length.
    close = longer[:1] or difflib.get_close_matches(name[:100], options, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; choose one of {', '.join(options)}" if options else ""
