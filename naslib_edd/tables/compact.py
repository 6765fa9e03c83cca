"""The compact table: one ``.npz`` with a row for each of the 15,625 architectures in index order.

==============================  =========================================================
``arch_str`` [15625]            architecture strings
``arch_ops`` [15625, 6]         operation ids, edges as in
:data:`naslib_edd.spaces.nb201.encoding.EDGES`
``op_names`` [5]                the operations' names (optional)
``<dataset>__<metric>``         a column: [15625] or, with a value a seed, [15625, seeds]
``field_notes`` [n, 2]          pairs of a field and what sets its value apart (optional)
``field_missing`` [n, 2]        pairs of a field and why the table's source has none (optional)
anything else                   kept as it is
==============================  =========================================================

Metrics: ``val``, ``test`` (%, 200 epochs, mean over seeds), ``val_seeds``, ``test_seeds``,
``valtest_seeds`` (the whole original test set), ``val_ep12``, ``test_ep12`` (runs of 12 epochs),
``train_time_200ep_s``, ``params_M_reported``, ``params_M_formula``, ``flops_M_reported``,
``flops_M_formula``. NaN stands for an unknown value.

Opening reads the architectures' order and the arrays' headers; a column is read when first asked
for. Nothing in the file can run code: arrays of Python objects are refused. The file's directory
has a checksum (:mod:`naslib_edd.storage.envelope`), asked when it is opened, and the CRC-32 of
every array, asked when that is read.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.storage import envelope, zip_envelope
from naslib_edd.storage.broken import BROKEN, first_line
from naslib_edd.storage.files import write_atomic
from naslib_edd.tables.arrays import ReadOnce
from naslib_edd.tables.columns import METRICS, Array, Source, is_column
from naslib_edd.tables.formats import unreadable

ARCHITECTURES = ("arch_str", "arch_ops", "op_names")
#: Metrics of one value an architecture.
_SINGLE = frozenset(metric for metrics in METRICS.values() for metric in metrics)
NOTES, MISSING = "field_notes", "field_missing"
#: Bytes that a table may unpack to, or so many times its own size: digits.npz has 7 MB, 12 times.
_LARGEST, _LARGEST_RATIO = 1 << 28, 100
#: What the checksum calls the file.
KIND = "table"


class LazyArrays(ReadOnce):
    """The arrays of an ``.npz``, each read when first asked for and then kept, read-only.

    Args:
        path: of the file.
        content: its bytes, if they were read already.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        # The whole file (a few MB) is kept, so that one replaced meanwhile is not half read.
        self._open(path, path.read_bytes() if content is None else content)

    def _open(self, path: Path, content: bytes) -> None:
        self._path, self._content = path, content
        try:
            #: Whether a checksum vouches for the file; older ones have none.
            self.has_seal = zip_envelope.open_zip(content, KIND)
        except envelope.Damaged as problem:
            raise zipfile.BadZipFile(str(problem)) from None
        self._file = np.load(io.BytesIO(content), allow_pickle=False)
        unpacked = sum(member.file_size for member in self._file.zip.infolist())
        if unpacked > max(_LARGEST, _LARGEST_RATIO * len(content)):
            raise zipfile.BadZipFile(f"it would unpack to {unpacked} bytes")
        members = set(self._file.zip.namelist())
        self._begin(tuple(name for name in self._file.files if f"{name}.npy" in members))

    def _array(self, name: str) -> Array:
        try:
            self.header(name)
            array: Array = self._file[name]
        except BROKEN as error:
            raise unreadable(
                self._path, f"has an array '{name}' that cannot be read ({first_line(error)})"
            ) from error
        return array

    def __getstate__(self) -> tuple[Path, bytes]:
        return self._path, self._content

    def __setstate__(self, state: tuple[Path, bytes]) -> None:
        self._open(*state)

    def header(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Shape and type of an array, without reading it.

        Raises:
            ValueError: they claim other bytes than there are. NumPy would make room for them.
        """
        member = self._file.zip.getinfo(f"{name}.npy")
        with self._file.zip.open(member) as file:
            shape, kind = _header(file)
            held = member.file_size - file.tell()
        claimed = math.prod(shape) * kind.itemsize
        if not kind.hasobject and (min(shape, default=0) < 0 or claimed != held):
            raise ValueError(f"'{name}' has {held} bytes, which do not fit its shape")
        return shape, kind


def read(path: Path) -> Source:
    """Open a compact table and check its order and its columns' shapes.

    Raises:
        UserError: the file is damaged, an array is missing or has another shape, or the rows are
            in another order than NAS-Bench-201's.
    """
    try:
        arrays = LazyArrays(path)
        headers = {name: arrays.header(name) for name in arrays}
    except BROKEN as error:
        raise unreadable(path, f"is cut short or damaged ({first_line(error)})") from error
    _check(path, headers)
    if not np.array_equal(arrays["arch_ops"], nb201.all_ops()):
        different = np.flatnonzero((arrays["arch_ops"] != nb201.all_ops()).any(axis=1))
        raise UserError(
            f"the architectures of {path} are not in NAS-Bench-201's order (row {different[0]} is "
            f"the first of {len(different)} that differ); make the table again, for instance with "
            "the table converter"
        )
    if "op_names" in arrays and tuple(arrays["op_names"].tolist()) != nb201.OPERATIONS:
        raise UserError(
            f"{path} numbers its operations {', '.join(map(str, arrays['op_names'].tolist()))}; "
            f"NAS-Bench-201's order is {', '.join(nb201.OPERATIONS)}"
        )
    try:
        missing, notes = _texts(arrays, MISSING), _texts(arrays, NOTES)
    except (TypeError, ValueError):
        raise unreadable(path, f"has '{MISSING}' or '{NOTES}' that are no pairs of texts") from None
    return Source(format="compact", arrays=arrays, missing=missing, notes=notes)


def write(source: Source, target: Path) -> Path:
    """Write any source as a compact table; the same source gives the same bytes.

    Raises:
        UserError: the file cannot be written.
    """
    arrays: dict[str, Array] = {
        "arch_str": np.array([nb201.ops_to_str(ops) for ops in nb201.all_ops().tolist()]),
        "arch_ops": nb201.all_ops(),
        "op_names": np.array(nb201.OPERATIONS),
    }
    arrays.update((name, array) for name, array in source.arrays.items() if name not in arrays)
    for name, texts in ((NOTES, source.notes), (MISSING, source.missing)):
        if texts:
            arrays[name] = np.array(list(texts.items()))

    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]  # names are not its options
    content = bytearray(packed.getbuffer())
    zip_envelope.seal_zip(content, KIND)
    return write_atomic(target, lambda file: file.write(content))


def _check(path: Path, headers: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]) -> None:
    wanted = {"arch_str": (nb201.SIZE,), "arch_ops": (nb201.SIZE, len(nb201.EDGES))}
    for name, shape in wanted.items():
        if name not in headers:
            raise unreadable(path, f"has no array '{name}', so it is not a benchmark table")
        if headers[name][0] != shape:
            raise unreadable(path, f"has '{name}' in the shape {headers[name][0]}, not {shape}")
    if not any(is_column(name) for name in headers):
        raise unreadable(path, "has no column named <dataset>__<metric>")
    for name, (shape, kind) in headers.items():
        if kind.hasobject:
            raise unreadable(path, f"has Python objects in '{name}', which are never loaded")
        if not is_column(name):
            continue
        if len(shape) not in (1, 2) or shape[0] != nb201.SIZE:
            raise unreadable(
                path, f"has '{name}' in the shape {shape}; a column has {nb201.SIZE} rows"
            )
        if len(shape) == 2 and name.partition("__")[2] in _SINGLE:
            raise unreadable(path, f"has '{name}' in the shape {shape}, not ({nb201.SIZE},)")
        if kind.kind not in "fiub":
            raise unreadable(path, f"has '{name}' of the type {kind}; a column holds numbers")


def _texts(arrays: Mapping[str, Array], name: str) -> dict[str, str]:
    return {str(field): str(text) for field, text in arrays[name]} if name in arrays else {}


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, kind = read_header(file)
    return shape, kind
