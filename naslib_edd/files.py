"""Files that are either whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from naslib_edd.errors import UserError


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
        full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
        remedy = "free some space, then --resume" if full else "choose another place"
        raise UserError(f"cannot write {target}: {error.strerror or error}; {remedy}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return target


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """:func:`write_atomic` for a UTF-8 text."""
    return write_atomic(path, lambda file: file.write(text.encode()))


def _umask() -> int:
    # mkstemp makes the file private (0600); a finished file gets the mode any new file would have.
    mask = os.umask(0)
    os.umask(mask)
    return mask
