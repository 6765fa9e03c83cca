"""What reading a damaged file can raise: one list for tables, images and their packings."""

from __future__ import annotations

import pickle
import struct
import tokenize
import zipfile
import zlib

#: Of zip, bzip2, pickle, MATLAB and array files. Not what a user's own code raises: catch it only
#: around the reading itself.
BROKEN = (
    pickle.UnpicklingError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    SystemError,
    TypeError,
    ValueError,
)


def first_line(error: BaseException) -> str:
    """The beginning of an error's message, without what no terminal should get."""
    lines = str(error).strip().splitlines()
    return printable(lines[0].strip()) if lines else type(error).__name__


def printable(text: str, longest: int = 300) -> str:
    """A file's own words for a one-line message: no line breaks, and not endless."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: longest + 1])
    return line if len(line) <= longest else f"{line[:longest]}…"
