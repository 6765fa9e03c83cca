"""Ctrl-C and SIGTERM: noted, so that a step ends first; a second Ctrl-C ends at once."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any


class Signals:
    """Notes signals while it is entered; the former handlers come back after.

    Attributes:
        seen: the number of the signal that came, or None.
    """

    def __init__(self) -> None:
        self.seen: int | None = None
        self._former: dict[int, Any] = {}

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.seen is not None:
            raise KeyboardInterrupt
        self.seen = number

    def __enter__(self) -> Signals:
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._former[number] = signal.signal(number, self._note)
        except ValueError:  # not in the main thread: the caller's signals are its own
            pass
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
