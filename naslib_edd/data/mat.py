"""Numeric arrays of a MATLAB 5 file (``save -v6`` or ``-v7``), as SVHN is published.

Everything that the file claims is checked against its bytes before memory is taken, and a packed
part's checksum is compared. Source: "MAT-File Format", MathWorks, its chapter on version 5.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_HEADER = 128
_MATRIX, _PACKED, _INT8, _INT32, _UINT32 = 14, 15, 1, 5, 6
#: Number of a storage type -> NumPy's; a small array may be stored in a smaller type than its own.
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8"}
_STORED[13] = "u8"
#: Number of an array's class -> NumPy's type; the others are texts, cells, structs and objects.
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8"}
_CLASSES[15] = "u8"
_COMPLEX = 0x0800
#: Packed bytes grow no more than deflate can make them.
_LARGEST_RATIO = 1100
_LARGEST = 1 << 31


class _Part(NamedTuple):
    kind: int
    content: memoryview
    end: int


def read_mat(path: Path, names: Collection[str]) -> dict[str, NDArray[Any]]:
    """The named arrays, in the order in which MATLAB counts (the first index runs fastest).

    Raises:
        ValueError, zlib.error, struct.error: the file is damaged, of another version, or has
            something else than numbers under one of the names.
        OSError: it cannot be read.
    """
    data = memoryview(path.read_bytes())
    if len(data) < _HEADER or bytes(data[126:128]) not in (b"IM", b"MI"):
        raise ValueError("it is no MATLAB 5 file")
    order = "<" if bytes(data[126:128]) == b"IM" else ">"
    if struct.unpack_from(f"{order}H", data, 124)[0] != 0x0100:
        raise ValueError("it is a MATLAB file of another version than 5")
    found: dict[str, NDArray[Any]] = {}
    place = _HEADER
    while place < len(data):
        part = _part(data, place, order)
        place = part.end
        if part.kind == _PACKED:
            content = memoryview(_unpacked(part.content))
            part = _part(content, 0, order)
            if part.end < len(content):
                raise ValueError("a packed part has more than one array")
        if part.kind != _MATRIX:
            raise ValueError(f"a part of type {part.kind} where an array should be")
        name, array = _matrix(part.content, order, names)
        if array is None:
            continue
        if name in found:
            raise ValueError(f"it has two arrays '{name}'")
        found[name] = array
    return found


def _part(data: memoryview, place: int, order: str, *, padded: bool = False) -> _Part:
    """One part: its type, its bytes, and where the next one begins."""
    kind, size = struct.unpack_from(f"{order}II", data, place)
    if kind >> 16:  # up to four bytes are stored beside their type
        kind, size = kind & 0xFFFF, kind >> 16
        if size > 4:
            raise ValueError(f"a small part of {size} bytes")
        return _Part(kind, data[place + 4 : place + 4 + size], place + 8)
    start, end = place + 8, place + 8 + size
    if end > len(data):
        raise ValueError(f"a part of {size} bytes where {len(data) - start} are left")
    return _Part(kind, data[start:end], end + (-size % 8 if padded else 0))


def _unpacked(packed: memoryview) -> bytes:
    """A packed part; zlib compares its checksum at the end."""
    largest = min(_LARGEST, _LARGEST_RATIO * len(packed) + 1024)
    machine = zlib.decompressobj()
    content = machine.decompress(packed, largest)
    if not machine.eof:
        more = "is cut short" if len(content) < largest else f"unpacks to over {largest} bytes"
        raise ValueError(f"a packed part {more}")
    if machine.unused_data:
        raise ValueError("a packed part ends early")
    return content


def _matrix(
    data: memoryview, order: str, names: Collection[str]
) -> tuple[str, NDArray[Any] | None]:
    """An array and its name; None where it is not wanted."""
    flags = _part(data, 0, order, padded=True)
    sizes = _part(data, flags.end, order, padded=True)
    title = _part(data, sizes.end, order, padded=True)
    if (flags.kind, sizes.kind, title.kind) != (_UINT32, _INT32, _INT8):
        raise ValueError("an array without its flags, shape and name")
    name = bytes(title.content).decode("latin1")
    if name not in names:
        return name, None
    flag = struct.unpack(f"{order}II", flags.content)[0]
    if flag & 0xFF not in _CLASSES or flag & _COMPLEX:
        raise ValueError(f"'{name}' has something else than real numbers")
    shape = tuple(np.frombuffer(sizes.content, f"{order}i4").tolist())
    values = _part(data, title.end, order, padded=True)
    if values.kind not in _STORED:
        raise ValueError(f"'{name}' has values of type {values.kind}")
    stored = np.dtype(order + _STORED[values.kind])
    if not 2 <= len(shape) <= 8 or min(shape) < 0:
        raise ValueError(f"'{name}' has the shape {shape}")
    if math.prod(shape) * stored.itemsize != len(values.content):
        raise ValueError(f"'{name}' has {len(values.content)} bytes, which do not fit its shape")
    if values.end < len(data):
        raise ValueError(f"'{name}' has more bytes than its values")
    kind = np.dtype(_CLASSES[flag & 0xFF])
    if stored.itemsize > kind.itemsize or (stored.kind == "f") > (kind.kind == "f"):
        raise ValueError(f"'{name}' has values that are too large for its type")
    raw = np.frombuffer(values.content, stored)
    return name, raw.astype(kind, copy=False).reshape(shape, order="F")
