"""What is wrong with a pickle."""

from __future__ import annotations

import pickle


class PickleFault(pickle.UnpicklingError):
    """The pickle is damaged, or asks for more than plain data needs; the message says what."""


class Forbidden(PickleFault):
    """The pickle names a function or class beyond plain data.

    Attributes:
        wanted: its full name, as the file has it: not fit to print as it is.
    """

    def __init__(self, wanted: str) -> None:
        super().__init__(f"the global {wanted!r}")
        self.wanted = wanted
