"""Errors that are meant for people: what was wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can mend: the command line prints it as one line and exits with code 2.

    Write the message as a sentence that says what was wrong, where, and what to do.
    """


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
    close = longer[:1] or difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; choose one of {', '.join(options)}" if options else ""
