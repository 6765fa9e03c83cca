"""Which of the known formats a path holds: told by its content, never by its name."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path

from naslib_edd.errors import DataMissing, UserError
from naslib_edd.storage.broken import BROKEN, first_line, printable
from naslib_edd.storage.paths import readable
from naslib_edd.tables.columns import Source

KNOWN = (
    "the compact .npz, NAS-Bench-201's .pth (v1_0, v1_1), a NATS-Bench '-simple' folder, NASLib's "
    "nb201_*_full_training.pickle"
)
#: The pickled number that torch wrote first into every file before it changed to zip files.
_TORCH_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
#: How pickles begin: protocols 2 and later; 0 and 1 have no header, just an opcode.
_PICKLE_HEADER, _PICKLE_OPCODES = b"\x80", b"(]}c"


def unreadable(path: Path, what: str) -> UserError:
    """The error for a file that is none of the known formats, or a broken one."""
    return UserError(f"{path} {printable(what)}; known formats: {KNOWN}")


def read(path: Path) -> Source:
    """Read a table of any known format.

    Raises:
        DataMissing: there is nothing at the path.
        UserError: the file is foreign, cut short, or asks to run code.
    """
    try:
        if not readable(path, "the table"):
            raise DataMissing(
                f"there is no benchmark table at {path}; check the path, or get one of: {KNOWN}"
            )
        module = importlib.import_module(f"naslib_edd.tables.{_identify(path)}")
        source: Source = module.read(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    return source


def _identify(path: Path) -> str:
    """The module of this package that reads the path."""
    if path.is_dir():
        return "nats_bench"
    with path.open("rb") as file:
        head = file.read(32)
        size = file.seek(0, 2)
        file.seek(max(0, size - 1))
        last = file.read(1)
    if not head:
        raise unreadable(path, "is empty")
    if head.startswith(b"PK\x03\x04"):
        return _identify_zip(path)
    if head.startswith(b"BZh"):
        return "nats_bench"
    if head[2:].startswith(_TORCH_MAGIC):
        return "nb201_pth"
    if head.startswith(_PICKLE_HEADER) or (head[:1] in _PICKLE_OPCODES and last == b"."):
        return "naslib_pickle"
    raise unreadable(path, "is not a benchmark table")


def _identify_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except BROKEN as error:
        raise unreadable(
            path, f"is a zip file cut short or damaged ({first_line(error)})"
        ) from error
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        return "nb201_pth"
    if "packing.npy" in names:
        return "packed"
    if any(name.endswith(".npy") for name in names):
        return "compact"
    raise unreadable(path, "is a zip file without a table in it")
