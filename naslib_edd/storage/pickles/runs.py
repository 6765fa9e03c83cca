"""Curves of a training run are most of a table: floats in a row, or epochs and floats in turn."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BINFLOAT, _BININT1, _LONG_BINGET = ord("G"), ord("K"), ord("j")
_SHORT_TEXT, _MEMOIZE, _LONG_BINPUT = 0x8C, 0x94, ord("r")
_FLOAT = np.dtype([("code", "u1"), ("value", ">f8")])
_PAIR = np.dtype([("code", "u1"), ("epoch", "u1"), ("next", "u1"), ("value", ">f8")])
_NAMED = np.dtype([("code", "u1"), ("number", "<u4"), ("next", "u1"), ("value", ">f8")])
_MOST = 1024  # at once: a batch has no more than 1,000


def float_run(window: bytes, place: int) -> tuple[list[float], int]:
    """All floats (BINFLOAT) that follow each other from ``place`` on, and where they end."""
    found = _ahead(window, place, _FLOAT)
    count = _until(found["code"] == _BINFLOAT)
    return found["value"][:count].astype(float).tolist(), place + count * _FLOAT.itemsize


def pair_run(window: bytes, place: int) -> tuple[list[Any], int]:
    """All small integers with a float each (BININT1, BINFLOAT), and where they end."""
    found = _ahead(window, place, _PAIR)
    count = _until((found["code"] == _BININT1) & (found["next"] == _BINFLOAT))
    values: list[Any] = [None] * (2 * count)
    values[::2] = found["epoch"][:count].tolist()
    values[1::2] = found["value"][:count].astype(float).tolist()
    return values, place + count * _PAIR.itemsize


def _ahead(window: bytes, place: int, kind: np.dtype[Any]) -> NDArray[Any]:
    count = min(_MOST, (len(window) - place) // kind.itemsize)
    if not count:
        raise IndexError("a number cut short")
    return np.frombuffer(window, kind, count, place)


def _until(fits: NDArray[np.bool_]) -> int:
    """How many are true before the first that is not; the first one is."""
    first = int(fits.argmin())
    return len(fits) if fits[first] else first


def named_run(window: bytes, place: int) -> tuple[list[int], list[float], int]:
    """All memo's numbers with a float each (LONG_BINGET, BINFLOAT), and where they end."""
    found = _ahead(window, place, _NAMED)
    count = _until((found["code"] == _LONG_BINGET) & (found["next"] == _BINFLOAT))
    numbers = found["number"][:count].tolist()
    return numbers, found["value"][:count].astype(float).tolist(), place + count * _NAMED.itemsize


@lru_cache(maxsize=256)
def _keyed(code: int, length: int) -> np.dtype[Any]:
    """A text of a length that is stored in the memo, and a float: in protocol 4, in protocol 2."""
    text: tuple[str, str] = ("text", f"V{length}")
    end = [("next", "u1"), ("value", ">f8")]
    if code == _SHORT_TEXT:
        return np.dtype([("code", "u1"), ("length", "u1"), text, ("memo", "u1"), *end])
    memo = [("memo", "u1"), ("number", "<u4")]
    return np.dtype([("code", "u1"), ("length", "<u4"), text, *memo, *end])


def keyed_run(
    window: bytes, place: int, length: int, number: int
) -> tuple[list[bytes], list[float], int]:
    """All texts of one length that are stored in the memo, with a float each.

    Args:
        window: the bytes.
        place: where the first text's opcode is, SHORT_BINUNICODE or BINUNICODE.
        length: the texts', at least 1.
        number: the memo's next.

    Returns:
        The texts in UTF-8, the floats, and where they end.
    """
    code = window[place]
    kind = _keyed(code, length)
    found = _ahead(window, place, kind)
    fits = (found["code"] == code) & (found["length"] == length) & (found["next"] == _BINFLOAT)
    if code == _SHORT_TEXT:
        fits &= found["memo"] == _MEMOIZE
    else:
        fits &= found["memo"] == _LONG_BINPUT
        fits &= found["number"] == np.arange(number, number + len(found))
    count = _until(fits)
    values = found["value"][:count].astype(float).tolist()
    return found["text"][:count].tolist(), values, place + count * kind.itemsize
