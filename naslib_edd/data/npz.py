"""Arrays of an ``.npz`` that comes from anyone: checksums asked, sizes checked before memory is."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from naslib_edd.errors import UserError
from naslib_edd.storage.broken import BROKEN, first_line
from naslib_edd.storage.pickles.stream import free_memory
from naslib_edd.storage.zipcheck import zip_fault


def read_arrays(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Those of the named arrays that the file has.

    Raises:
        UserError: the file is damaged, holds Python objects, or needs more memory than there is.
    """
    try:
        fault = zip_fault(path)
        if fault is not None:
            raise _unreadable(path, f"it {fault}")
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            wanted = [name for name in names if f"{name}.npy" in members]
            _check_memory(path, sum(archive.getinfo(f"{name}.npy").file_size for name in wanted))
            for name in wanted:
                with archive.open(f"{name}.npy") as file:
                    _check_size(file, name, archive.getinfo(f"{name}.npy").file_size)
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in wanted}
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; check the file") from error
    except BROKEN as error:
        raise _unreadable(path, first_line(error)) from error


def _unreadable(path: Path, why: str) -> UserError:
    return UserError(
        f"{path} is not a readable .npz of plain arrays ({why}); make it with numpy.savez"
    )


def _check_memory(path: Path, need: int) -> None:
    free = free_memory()
    if free is not None and need > free:
        raise UserError(
            f"{path} unpacks to {need / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB of memory are "
            "free; use a machine with more, or fewer images"
        )


def _check_size(file: IO[bytes], name: str, size: int) -> None:
    """Refuse a header that claims anything else than what follows it: NumPy would believe it."""
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if dtype.hasobject:
        raise ValueError(f"'{name}' holds Python objects")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != size - file.tell():
        raise ValueError(f"'{name}' has {size - file.tell()} bytes, which do not fit its shape")
