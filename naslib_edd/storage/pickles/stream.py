"""A file's bytes, a window at a time, counted and bounded; a length is checked before it counts."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from naslib_edd.storage.pickles.faults import PickleFault

#: Called with (bytes read, bytes in all; 0 where that is not known).
Progress = Callable[[int, int], None]

_WINDOW = 1 << 18
_BLOCK = 1 << 24
#: No string or array of a table or an image batch is longer; ImageNet16's batches have 100 MB.
LONGEST = 1 << 30
#: Below so much free memory, reading ends rather than the machine.
_FLOOR = 1 << 28
_LOOK_EVERY = 1 << 25


class Readable(Protocol):
    """What a stream needs of a file."""

    def read(self, size: int, /) -> bytes: ...


class Stream:
    """The bytes of one file.

    Args:
        file: read from where it stands.
        size: how many bytes there are, if that is known; a length beyond is a fault at once.
        largest: read no more than so many bytes, for packed files that may unpack to anything.
        progress: called after each few bytes.

    Attributes:
        window: some bytes of the file, as the machine reads them.
        done: bytes read from the file, those of the window among them.
    """

    def __init__(
        self,
        file: Readable,
        *,
        size: int | None = None,
        largest: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._file = file
        self._size = size
        self._largest = largest
        self._progress = progress
        self._next_look = _LOOK_EVERY
        self._ended = False
        self.window = b""
        self.done = 0

    def slide(self, place: int, need: int = 1) -> None:
        """Drop the window's bytes before ``place``; then it holds ``need`` bytes or the rest.

        Raises:
            PickleFault: the file is larger than it may be, or memory is nearly gone.
        """
        rest = self.window[place:]
        parts, have = [rest], len(rest)
        while have < need and not self._ended:
            part = self._read(max(_WINDOW, min(need - have, _BLOCK)))
            parts.append(part)
            have += len(part)
        self.window = parts[0] if len(parts) == 1 else b"".join(parts)

    def refill(self, place: int) -> bool:
        """Drop the window's bytes before ``place`` and read on; False at the end of the file."""
        rest = self.window[place:]
        # As much again as is kept: a string without a length before it is searched for its end.
        part = b"" if self._ended else self._read(min(max(_WINDOW, len(rest)), _BLOCK))
        self.window = rest + part
        return bool(part)

    def expect(self, length: int, place: int) -> None:
        """Check a length that the file claims for what begins at the window's ``place``.

        Raises:
            PickleFault: there are fewer bytes than that, or it is beyond every sensible length.
        """
        if length < 0 or length > LONGEST:
            raise PickleFault(f"a string of {length} bytes")
        if self._size is not None:
            left = self._size - self.done + len(self.window) - place
            if length > left:
                raise PickleFault(f"a string of {length} bytes where {left} are left")

    def _read(self, count: int) -> bytes:
        part = self._file.read(count)
        self.done += len(part)
        self._ended = len(part) == 0
        if self._largest is not None and self.done > self._largest:
            raise PickleFault(f"it unpacks to more than {self._largest} bytes")
        if self.done >= self._next_look:
            self._next_look = self.done + _LOOK_EVERY
            free = free_memory()
            if free is not None and free < _FLOOR:
                raise PickleFault(
                    f"only {free >> 20} MiB of memory are free after {self.done >> 20} MiB of the "
                    "file: it needs a machine with more"
                )
        if self._progress is not None:
            self._progress(self.done, self._size or 0)
        return part


def from_bytes(data: bytes) -> Stream:
    """A stream of bytes that are in memory."""
    return Stream(io.BytesIO(data), size=len(data))


def free_memory() -> int | None:
    """Bytes of memory that are free or can be freed; None where the system does not tell."""
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return None
