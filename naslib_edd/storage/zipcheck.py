"""Whether a zip file's members are as they were written: every zip carries a CRC-32 of each.

``torch.load`` and others do not look at it. The members are streamed, so that files of gigabytes
take little memory.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from naslib_edd.storage.broken import BROKEN, first_line

_BLOCK = 1 << 20
#: A member may be so many times larger than its packed form: deflate itself reaches 1,032.
_LARGEST_RATIO = 1100


def zip_fault(
    path: Path,
    *,
    largest: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> str | None:
    """What is wrong with a zip file, as a phrase that follows its name; None where nothing is.

    Asks the directory, each member's header, declared size and CRC-32, and that no two members
    have the same name or lie over one another.

    Args:
        path: the file.
        largest: refuse members that would unpack to more than so many bytes in all.
        progress: called with (bytes done, bytes in all) now and then.

    Raises:
        OSError: there is no such file, or it may not be read.
    """
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            return _fault(archive, size, largest, progress)
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except BROKEN as error:
        return f"is cut short or damaged ({first_line(error)})"


def _fault(
    archive: zipfile.ZipFile,
    size: int,
    largest: int | None,
    progress: Callable[[int, int], None] | None,
) -> str | None:
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len({member.filename for member in members}) < len(members):
        return "is a zip file with two members of one name"
    if packed > size:
        return "is a zip file whose members lie over one another"
    if total > size * _LARGEST_RATIO or (largest is not None and total > largest):
        return f"is a zip file that would unpack to {total} bytes"
    done = 0
    for member in members:
        with archive.open(member) as file:
            read = 0
            # Reading to the end compares the CRC, and fails where it differs.
            while block := file.read(_BLOCK):
                read += len(block)
                done += len(block)
                if progress is not None:
                    progress(done, total)
        if read != member.file_size:
            return f"is cut short: '{member.filename}' ends early"
    return None
