"""The one place where a path that a user names is taken in: expanded, checked, looked at, read.

A path may be anything: too long, without permission, with a zero byte or half a character in it, a
pipe that never ends, or ``~`` where nobody has a home. Each of these is a UserError of one line.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from naslib_edd.errors import UserError
from naslib_edd.storage.literal import value

PathLike = str | os.PathLike[str]

#: Bytes of one part of a path, and of a whole path, that file systems commonly take.
_PART, _WHOLE = 255, 4095
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)


def path_of(given: PathLike, what: str = "the path") -> Path:
    """The path with ``~`` expanded.

    Args:
        given: as the user names it.
        what: what it is the path of, for the message.

    Raises:
        UserError: no file system could hold it, or there is no home folder for its ``~``.
    """
    try:
        text = os.fspath(given)
    except TypeError:
        text = None
    if not isinstance(text, str):
        raise UserError(f"{what} must be a path, not {value(given)}")
    if not text.strip():
        raise UserError(f"{what} is empty; name a file or a folder")
    if "\0" in text:
        raise UserError(f"{what} {value(text)} has a zero byte in it; correct it")
    try:
        path = Path(text).expanduser()
        whole = os.fsencode(path)
    except RuntimeError:
        raise UserError(
            f"{what} {value(text)} begins with ~, but no home folder is known; write the path out"
        ) from None
    except UnicodeEncodeError:
        raise UserError(f"{what} {value(text)} is not valid Unicode; correct it") from None
    if len(whole) > _WHOLE or any(len(os.fsencode(part)) > _PART for part in path.parts):
        raise UserError(f"{what} {value(text)} is too long: {_PART} bytes a name, {_WHOLE} in all")
    return path


def look(path: Path, what: str = "the path") -> os.stat_result | None:
    """What is at a path, links followed; None if nothing is.

    Raises:
        UserError: it cannot be looked at (no permission, links in a circle).
    """
    try:
        return path.stat()
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise UserError(
            f"cannot look at {what} {path}: {error.strerror or error}; correct it, or who may"
            " read there"
        ) from None
    except ValueError as error:
        raise UserError(f"cannot look at {what} {path}: {error}; correct it") from None


def is_folder(path: Path, what: str = "the path") -> bool:
    """Whether a folder is there; as :func:`look`."""
    found = look(path, what)
    return found is not None and stat.S_ISDIR(found.st_mode)


def is_file(path: Path, what: str = "the path") -> bool:
    """Whether a regular file is there; as :func:`look`."""
    found = look(path, what)
    return found is not None and stat.S_ISREG(found.st_mode)


def readable(path: Path, what: str) -> bool:
    """Whether a file or folder of the user's is there that could be opened; as :func:`look`.

    Raises:
        UserError: it is a pipe, a device or a socket, which may never end, or may not be read.
    """
    found = look(path, what)
    if found is None:
        return False
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise UserError(
            f"{what} {path} is neither a file nor a folder (a pipe or a device); name a file"
        )
    if not os.access(path, os.R_OK):
        raise UserError(f"cannot read {what} {path}: Permission denied; change its permissions")
    return True


def read_text(path: Path, what: str, *, most: int) -> str | None:
    """A file's text, UTF-8; None if there is no such file.

    Args:
        path: of a regular file; a pipe or a device is refused, as it may never end.
        what: what it is, for the messages.
        most: bytes; a larger file is refused before it is read.

    Raises:
        UserError: anything else than a text of that size is there, or it may not be read.
    """
    try:
        # Without O_NONBLOCK a pipe would not even be opened before somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _NOT_THERE:
            return None
        raise UserError(f"cannot read {what} {path}: {_why(error)}") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or a device"
            raise UserError(f"cannot read {what} {path}: it is {kind}; name a file")
        if found.st_size > most:
            raise UserError(
                f"cannot read {what} {path}: it has {found.st_size:,} bytes, more than the "
                f"{most:,} that such a file may have"
            )
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"cannot read {what} {path}: it is no UTF-8 text ({error})") from None
    except OSError as error:
        raise UserError(f"cannot read {what} {path}: {_why(error)}") from None
    finally:
        os.close(descriptor)


def folder_name(text: str, key: str) -> str:
    """A text that becomes the name of one folder, and so stays inside the folder above.

    Args:
        text: as the user gave it.
        key: of the setting, for the message.

    Raises:
        UserError: it is no plain name: it has a separator, is ``.`` or ``..``, has a control
            character, or is too long.
    """
    wrong = None
    if not text.strip():
        wrong = "is blank"
    elif text in (".", "..") or any(mark in text for mark in "/\\"):
        wrong = "would lead to another folder"
    elif not text.isprintable():
        wrong = "has characters that cannot be printed"
    elif len(text.encode()) > _PART - 15:  # a temporary name beside it is a little longer
        wrong = f"is too long ({len(text.encode())} bytes)"
    if wrong:
        raise UserError(
            f"{key} = {value(text)} {wrong}; it names one folder below out_dir: use letters, "
            "digits, '-', '_' and '.'"
        )
    return text


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
