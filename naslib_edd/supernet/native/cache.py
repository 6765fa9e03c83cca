"""The folder of built libraries: nobody else's, and nothing is loaded that is not as it was built.

Beside each library lies its SHA-256, which is checked before the library is loaded. Both are
written through to the disk under temporary names and renamed, the hash last: a library without its
hash, cut short or changed, counts as damaged.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path


def folder() -> Path:
    """The user's cache folder of this program, made if need be (mode 0700).

    Raises:
        OSError: it cannot be made, or others may write or look into it.
    """
    made = _place()
    made.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_private(made)
    return made


def _place() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():
        return base / "naslib_edd"
    try:
        return Path.home() / ".cache" / "naslib_edd"
    except RuntimeError:  # no HOME, and no entry in the user database: containers
        user = os.getuid() if hasattr(os, "getuid") else "user"
        return Path(tempfile.gettempdir()) / f"naslib_edd-{user}"


def check_private(path: Path) -> None:
    """Raise OSError unless a file or folder is the user's own and closed to others."""
    if not hasattr(os, "getuid"):
        return
    found = path.stat()
    if found.st_uid != os.getuid():
        raise OSError(f"{path} is another user's")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise OSError(
            f"{path} is open to other users (mode {mode:04o}): chmod go= it, or delete it"
        )


def beside(library: Path) -> Path:
    """Where the hash of a library lies."""
    return library.with_name(f"{library.name}.sha256")


def read(library: Path) -> bytes | None:
    """A library byte for byte as it was kept; None where it is damaged or has no hash.

    Raises:
        OSError: it, or its hash, is open to others, or cannot be read.
    """
    check_private(library)
    if not beside(library).is_file():
        return None
    check_private(beside(library))
    wanted = beside(library).read_bytes().strip()
    content = library.read_bytes()
    return content if hashlib.sha256(content).hexdigest().encode() == wanted else None


def keep(library: Path, content: bytes) -> None:
    """Put a library and its hash there."""
    beside(library).unlink(missing_ok=True)  # never the hash of one beside another
    write_private(library, content)
    write_private(beside(library), hashlib.sha256(content).hexdigest().encode() + b"\n")


def write_private(path: Path, content: bytes) -> None:
    """Write a file (mode 0600) so that a reader sees the old one or the whole new one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
    if os.name == "posix":  # the new name, too
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
