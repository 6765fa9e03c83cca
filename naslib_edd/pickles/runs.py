"""Curves of a training run are most of a table: floats in a row, or epochs and floats in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BINFLOAT, _BININT1, _LONG_BINGET = ord("G"), ord("K"), ord("j")
_FLOAT = np.dtype([("code", "u1"), ("value", ">f8")])
_PAIR = np.dtype([("code", "u1"), ("epoch", "u1"), ("next", "u1"), ("value", ">f8")])
_NAMED = np.dtype([("code", "u1"), ("number", "<u4"), ("next", "u1"), ("value", ">f8")])
_MOST = 1024  # at once: a batch has no more than 1,000


def float_run(window: bytes, place: int) -> tuple[list[float], int]:
    """All floats (BINFLOAT) that follow each other from ``place`` on, and where they end."""
    found = _ahead(window, place, _FLOAT)
    count = _until(found["code"] == _BINFLOAT)
    return found["value"][:count].tolist(), place + count * _FLOAT.itemsize


def pair_run(window: bytes, place: int) -> tuple[list[Any], int]:
    """All small integers with a float each (BININT1, BINFLOAT), and where they end."""
    found = _ahead(window, place, _PAIR)
    count = _until((found["code"] == _BININT1) & (found["next"] == _BINFLOAT))
    values: list[Any] = [None] * (2 * count)
    values[::2] = found["epoch"][:count].tolist()
    values[1::2] = found["value"][:count].tolist()
    return values, place + count * _PAIR.itemsize


def _ahead(window: bytes, place: int, kind: np.dtype[Any]) -> NDArray[Any]:
    count = min(_MOST, (len(window) - place) // kind.itemsize)
    if not count:
        raise IndexError("a number cut short")
    return np.frombuffer(window, kind, count, place)


def _until(fits: NDArray[np.bool_]) -> int:
    """How many are true before the first that is not; the first one is."""
    return len(fits) if fits.all() else int(fits.argmin())


def named_run(window: bytes, place: int) -> tuple[list[int], list[float], int]:
    """All memo's numbers with a float each (LONG_BINGET, BINFLOAT), and where they end."""
    found = _ahead(window, place, _NAMED)
    count = _until((found["code"] == _LONG_BINGET) & (found["next"] == _BINFLOAT))
    numbers = found["number"][:count].tolist()
    return numbers, found["value"][:count].tolist(), place + count * _NAMED.itemsize
