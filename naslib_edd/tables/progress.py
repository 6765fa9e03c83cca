"""What is said on stderr while a file of gigabytes is read."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from naslib_edd.storage.pickles.stream import Progress, free_memory

#: Smaller files are read without a word.
LARGE = 200 << 20
_EVERY = 10.0  # seconds


@contextmanager
def reading(
    path: Path, size: int, *, memory: float | None, large: int = LARGE
) -> Iterator[Progress]:
    """Say before a large file is read what it takes, and then how far it is.

    Args:
        path: the file.
        size: its bytes.
        memory: bytes of memory that it takes for each of its bytes; None: next to none.
        large: from how many bytes on anything is said.
    """
    if size < large:
        yield lambda done, total: None
        return
    need = ""
    if memory is not None:
        free = free_memory()
        need = f" and about {_gigabytes(size * memory)} of memory"
        need += "" if free is None else f" ({_gigabytes(free)} are free)"
    _say(
        f"reading {path}: {_gigabytes(size)} of Python objects, which takes minutes{need}; "
        "`naslib-edd table convert` makes a table of it that opens in milliseconds"
    )
    start = last = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY and done:
            last = now
            left = (now - start) * (size - done) / done
            _say(f"reading {path.name}: {done / size:.0%}, about {left / 60:.1f} minutes left")

    yield progress


def _gigabytes(count: float) -> str:
    return f"{count / 2**30:.1f} GiB"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
