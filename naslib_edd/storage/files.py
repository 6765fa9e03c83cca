"""Files that are either whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from naslib_edd.errors import UserError

#: No space left, a file too large, a quota reached.
_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def write_atomic(
    path: str | os.PathLike[str],
    write: Callable[[BinaryIO], object],
    *,
    keep: Path | None = None,
) -> Path:
    """Write a file so that a reader sees the old one or the whole new one, never a part.

    Args:
        path: where the file goes; missing parent folders are made.
        write: called with the temporary file, open for binary writing.
        keep: where an old file of that path goes when the new one is whole; by default it goes.

    Raises:
        UserError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    target = Path(path)
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        if keep is not None and target.exists():
            target.replace(keep)
        temporary.replace(target)
        temporary = None
    except OSError as error:
        raise cannot_write(target, error, "--resume") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return target


def cannot_write(path: Path, error: OSError, again: str = "try again") -> UserError:
    """The error for people of a place that cannot be written; `again` is for after a full disk."""
    full = error.errno in _FULL
    remedy = f"free some space, then {again}" if full else "choose another place"
    return UserError(f"cannot write {path}: {error.strerror or error}; {remedy}")


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """:func:`write_atomic` for a UTF-8 text."""
    return write_atomic(path, lambda file: file.write(text.encode()))


@contextmanager
def disk_errors() -> Iterator[None]:
    """A full disk under another's writing (NASLib's log, its curves) as an error for people."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        # torch.save to a path turns a full disk into an error of its own.
        full = isinstance(error, OSError) and error.errno in _FULL
        if not full and "inline_container" not in str(error):
            raise
        place = getattr(error, "filename", None) or "the run's folder"
        raise UserError(
            f"cannot write {place}: the disk is full; free some space, then --resume"
        ) from error


def _umask() -> int:
    # mkstemp makes the file private (0600); a finished file gets the mode any new file would have.
    mask = os.umask(0)
    os.umask(mask)
    return mask
