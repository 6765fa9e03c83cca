"""One writer of a run's folder: a lock held as long as the process that writes lives.

The lock is the operating system's (through filelock) on ``run.lock``, which a dead process cannot
hold. The file says who holds it, for the refusal; it is gone when the run ends. Readers need no
lock: they see whole files (:mod:`naslib_edd.storage.files`) and whole lines.

A lock file that a killed process left is taken over where the system's word can be relied on: on
the same host, or where the folder lies on a disk of this machine. On a network file system a
process of another host may hold a lock that is not seen here, so its file is not stolen.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.storage import envelope

NAME = "run.lock"
#: File systems on a disk, or in the memory, of the machine itself.
_LOCAL = (
    *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs", "overlay"),
    *("tmpfs", "ramfs", "apfs", "hfs", "ufs"),
)
#: Who wrote a lock file that cannot be read.
_UNKNOWN: dict[str, Any] = {"process": None}
_MOUNTS = Path("/proc/self/mountinfo")


@contextmanager
def only_writer(folder: Path) -> Iterator[list[str]]:
    """Hold the lock of a run's folder, which is made if it is not there.

    Yields:
        What to say: a line if the lock was another's who left it.

    Raises:
        UserError: another process writes there, or the folder cannot be used; names who.
    """
    from filelock import FileLock, Timeout

    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"{folder} is being written by {_told(_owner(path))}; wait for it, or choose another "
            "name=… or out_dir=…"
        ) from None
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise UserError(f"cannot use {folder}: {words}; choose another out_dir") from None
    try:
        yield _take(path, folder)
    finally:
        # Removed while it is held: who waits for this file finds that it is gone, and makes one.
        if _is_me(_owner(path)):
            path.unlink(missing_ok=True)
        lock.release()


def owner_in_words(folder: Path) -> str | None:
    """Who holds a folder's lock, or left it; None without a lock file."""
    path = folder / NAME
    return _told(_owner(path)) if path.exists() else None


def _take(path: Path, folder: Path) -> list[str]:
    """Write our name into the lock file that we hold; a line if there was another's."""
    left = _owner(path)
    if left and left.get("host") != _host() and not _is_local(folder):
        raise UserError(
            f"{folder} was being written by {_told(left)}, and whether that process still runs "
            f"cannot be seen from {_host()}: if it does not, delete {path} and try again"
        )
    me = {"process": os.getpid(), "host": _host(), "since": f"{datetime.now():%Y-%m-%d %H:%M:%S}"}
    try:
        path.write_text(json.dumps(envelope.sealed(me)), encoding="utf-8")
    except OSError as error:
        path.unlink(missing_ok=True)
        raise UserError(
            f"cannot write {path}: {error.strerror}; free some space, then try again"
        ) from None
    return [f"{_told(left)} left this folder without ending its run; taken over"] if left else []


def _is_me(owner: dict[str, Any]) -> bool:
    return owner.get("process") == os.getpid() and owner.get("host") == _host()


def _owner(path: Path) -> dict[str, Any]:
    """What a lock file says; of one that is damaged, that somebody wrote it."""
    try:
        with path.open("rb") as file:
            content = file.read(1000)
        if not content:  # as it is made, before anything is written
            return {}
        held, has_seal = envelope.opened(content)
    except OSError:
        return {}
    except envelope.Damaged:
        return _UNKNOWN
    return held if has_seal else _UNKNOWN


def _told(owner: dict[str, Any]) -> str:
    """The owner in words."""
    if not owner.get("process"):
        return "another process"
    process, host, since = (str(owner.get(key))[:60] for key in ("process", "host", "since"))
    return f"process {process} on {host} (since {since})"


def _host() -> str:
    return socket.gethostname()


def _is_local(folder: Path) -> bool:
    """Whether the folder lies on a disk of this machine; False where that cannot be told."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    best, kind, here = -1, "", folder.resolve()
    for line in lines:
        fields, _, rest = line.partition(" - ")
        # Blanks in a path are written as \040.
        place = Path(fields.split(" ")[4].replace("\\040", " "))
        if here.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), rest.split(" ")[0]
    return kind in _LOCAL
