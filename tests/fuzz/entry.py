"""What the fuzz knows of a format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple


def _none() -> Iterator[tuple[str, bytes]]:
    return iter(())


class Format(NamedTuple):
    """A format.

    Attributes:
        make: writes an undamaged file, and what belongs beside it, into an empty folder; returns
            the path of the file.
        reader: ``"module:function"`` of what reads it, see :mod:`fuzz.child`.
        has_checksum: whether the format carries one, so that no damage may go unnoticed.
        crafted: hostile files, (name, bytes); all have to be refused.
    """

    make: Callable[[Path], Path]
    reader: str
    has_checksum: bool
    crafted: Callable[[], Iterator[tuple[str, bytes]]] = _none
