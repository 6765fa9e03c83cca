"""What the steps under way take on a CPU: kernels or not, and whose convolutions between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Taken:
    """What :func:`taking` asks for; None: what is usual on this processor.

    Attributes:
        on: the C++ kernels.
        own: between them our own convolutions, not PyTorch's, where there are such.
    """

    on: bool | None = None
    own: bool | None = None


_now = Taken()


def taken() -> Taken:
    """What is asked for at the moment."""
    return _now


@contextmanager
def taking(on: bool | None, *, own: bool | None = None) -> Iterator[None]:
    """Inside it steps run so; see :class:`Taken`."""
    global _now
    before, _now = _now, Taken(on, own)
    try:
        yield
    finally:
        _now = before
