"""Our reader of MATLAB 5 files beside SciPy's, which is its slow twin."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from naslib_edd.data.mat import read_mat
from naslib_edd.storage.broken import BROKEN


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_equal_to_scipys(tmp_path: Path, kind: str, packed: bool) -> None:
    path = tmp_path / "a.mat"
    values = np.random.default_rng(0).integers(0, 100, (4, 3, 2, 5)).astype(kind)
    savemat(path, {"X": values, "y": np.arange(3.0), "text": "abc"}, do_compression=packed)
    wanted = loadmat(path)
    found = read_mat(path, ("X", "y"))
    assert found.keys() == {"X", "y"}
    for name, array in found.items():
        np.testing.assert_array_equal(array, wanted[name])
        assert array.dtype == wanted[name].dtype


def test_numbers_stored_in_a_smaller_type(tmp_path: Path) -> None:
    """As MATLAB itself stores small whole numbers of class double, in either byte order."""
    for order, mark in (("<", b"\x00\x01IM"), (">", b"\x01\x00MI")):

        def part(kind: int, content: bytes, order: str = order) -> bytes:
            return (
                struct.pack(f"{order}II", kind, len(content)) + content + bytes(-len(content) % 8)
            )

        flags, sizes = struct.pack(f"{order}II", 6, 0), struct.pack(f"{order}2i", 2, 1)
        # Up to four bytes are stored beside their type: the size is in the word's upper half.
        small = struct.pack(f"{order}I", 1 << 16 | 1) + b"y\0\0\0"
        values = struct.pack(f"{order}I", 4 << 16 | 4)
        values += struct.pack(f"{order}2H", 7, 300)
        content = part(6, flags) + part(5, sizes) + small + values
        path = tmp_path / "small.mat"
        path.write_bytes(b"MATLAB 5.0".ljust(124) + mark + part(14, content))
        np.testing.assert_array_equal(loadmat(path)["y"], [[7.0], [300.0]])
        found = read_mat(path, ("y",))["y"]
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, [[7.0], [300.0]])


def test_a_packed_parts_checksum_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    savemat(path, {"X": np.arange(99, dtype="u1")}, do_compression=True)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(zlib.error, match="incorrect data check"):
        read_mat(path, ("X",))


@pytest.mark.parametrize(
    "value",
    [{"a": 1}, "text", np.array([1 + 2j]), np.array([[print]], dtype=object), np.zeros(3, bool)],
    ids=["struct", "text", "complex", "cell", "logical"],
)
def test_only_real_numbers(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "a.mat"
    try:
        savemat(path, {"X": value, "other": 1.0})
    except TypeError:  # SciPy cannot write functions
        savemat(path, {"X": np.array([["a", 1]], dtype=object), "other": 1.0})
    assert read_mat(path, ("other",))["other"].item() == 1
    if isinstance(value, np.ndarray) and value.dtype == bool:
        assert read_mat(path, ("X",))["X"].tolist() == [[0, 0, 0]]
        return
    with pytest.raises(ValueError, match="'X' has something else than real numbers"):
        read_mat(path, ("X",))


@pytest.mark.parametrize("packed", [True, False])
def test_a_cut_is_never_a_value(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "a.mat"
    savemat(path, {"X": np.arange(40, dtype="u1")}, do_compression=packed)
    data = path.read_bytes()
    for length in (*range(0, 128, 13), *range(129, len(data), 5)):
        path.write_bytes(data[:length])
        with pytest.raises(BROKEN):
            read_mat(path, ("X",))["X"]
