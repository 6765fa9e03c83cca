"""The packed table, the form of the built-in ``nb201``: counts of right images instead of floats.

An accuracy of the benchmark is a sum over batches. Full batches (256 images) contribute whole
numbers of right images, exactly; the last, shorter one was rounded to float32 before it was added,
which leaves a tiny *rest*. So ``accuracy = (100 · count + rest) / images`` gives each value back to
the last bit. The file is a zip of ``.npy`` members:

====================  ============================================================================
``packing``           JSON: how each column is packed (:class:`Packing` lists the ways)
``about``             JSON: what the table says about itself
``n_seeds``           [15625] runs of an architecture
``NAME.count``        right images, summed over ``runs``; 65535 where unknown
``NAME.rest``         number of an entry of ``NAME.rests``
``NAME.ulps``         what remains, in units of the last place (a mean of three is rounded twice)
====================  ============================================================================

Its comment is the SHA-256 of the bytes before it: a damaged file is refused when it is opened. A
column is decoded when first asked for. :mod:`naslib_edd.tables.packing` writes such files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.spaces.nb201 import cost as nb201_cost
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.storage.broken import BROKEN, first_line
from naslib_edd.tables.arrays import ReadOnce
from naslib_edd.tables.columns import Array, Source, is_column
from naslib_edd.tables.compact import MISSING, NOTES, LazyArrays
from naslib_edd.tables.formats import unreadable

PACKING, SEEDS = "packing", "n_seeds"
UNKNOWN = np.iinfo(np.uint16).max
_DIGEST = len(hashlib.sha256().hexdigest())
_DERIVED = ("arch_str", "arch_ops", "op_names")

#: How one column is packed: ``how``, and what that way needs.
#:
#: ``counts``: ``images`` of a run and ``runs``, a number or ``n_seeds``.
#: ``mean``: over the seeds of the column ``of``. ``rest_of``: 2 · ``whole`` − ``part``.
#: ``scaled``: ``factor`` · ``of``. ``params``, ``flops``: closed form, in millions, of a network
#: for ``classes`` (and images of ``size``), ``digits`` rounded, but for ``NAME.rows``.
#: ``raw``: the bytes of the floats, by significance.
Packing = Mapping[str, Any]


class PackedArrays(ReadOnce):
    """The arrays of a packed table, each decoded when first asked for and then kept, read-only.

    Args:
        path: of the file, for messages.
        members: of the file.
        packings: column -> how it is packed.
    """

    def __init__(
        self, path: Path, members: Mapping[str, Array], packings: Mapping[str, Packing]
    ) -> None:
        self._path, self._members, self._packings = path, members, packings
        others = tuple(name for name in (SEEDS, "about") if name in members)
        self._begin((*_DERIVED, *others, *packings))

    def __getstate__(self) -> tuple[Path, Mapping[str, Array], Mapping[str, Packing]]:
        return self._path, self._members, self._packings

    def __setstate__(self, state: tuple[Path, Mapping[str, Array], Mapping[str, Packing]]) -> None:
        self.__init__(*state)  # type: ignore[misc]  # as when it was opened

    def _array(self, name: str) -> Array:
        if name == "arch_ops":
            return nb201.all_ops()
        if name == "op_names":
            return np.array(nb201.OPERATIONS)
        if name == "arch_str":
            return np.array([nb201.ops_to_str(ops) for ops in nb201.all_ops().tolist()])
        if name in self._packings:
            return self._column(name)
        return self._members[name].copy()

    def _column(self, name: str) -> Array:
        try:
            values = decode(name, self._packings[name], self._members, self)
            if values.ndim not in (1, 2) or len(values) != nb201.SIZE:
                raise ValueError(f"its shape is {values.shape}")
        except BROKEN as error:
            raise unreadable(
                self._path, f"has a column '{name}' that cannot be decoded ({first_line(error)})"
            ) from error
        return values


def read(path: Path) -> Source:
    """Open a packed table.

    Raises:
        UserError: the file is damaged, or says of a column what is not understood.
    """
    content = path.read_bytes()
    if not is_whole(content):
        raise unreadable(path, "is cut short or damaged (its checksum is that of other bytes)")
    try:
        members = LazyArrays(path, content)
        packings = json.loads(str(members[PACKING]))
        texts = [_texts(members, name) for name in (MISSING, NOTES)]
        columns = dict(packings)
        if not all(is_column(name) and "how" in way for name, way in columns.items()):
            raise ValueError(f"'{PACKING}' is not one of columns")
    except BROKEN as error:
        raise unreadable(path, f"is no packed table ({first_line(error)})") from error
    arrays = PackedArrays(path, members, columns)
    return Source(format="packed", arrays=arrays, missing=texts[0], notes=texts[1])


def is_whole(content: bytes) -> bool:
    """Whether the bytes of a packed table fit the SHA-256 at their end."""
    body = memoryview(content)[:-_DIGEST]
    return hashlib.sha256(body).hexdigest().encode() == content[-_DIGEST:]


def decode(
    name: str, way: Packing, members: Mapping[str, Array], columns: Mapping[str, Array]
) -> NDArray[np.float64]:
    """The values of a column.

    Args:
        name: the column's.
        way: how it is packed.
        members: of the file.
        columns: those that are decoded already, or can be.
    """
    values = _DECODERS[way["how"]](name, way, members, columns)
    if f"{name}.ulps" in members:
        # Neighbouring floats of one sign are neighbouring integers.
        shifted = values.view(np.int64) + members[f"{name}.ulps"]
        values = np.where(np.isfinite(values), shifted.view(np.float64), np.nan)
    return values


def _counts(
    name: str, way: Packing, members: Mapping[str, Array], columns: Mapping[str, Array]
) -> NDArray[np.float64]:
    counts = members[f"{name}.count"]
    sums = 100.0 * counts
    if f"{name}.rest" in members:
        sums += members[f"{name}.rests"][members[f"{name}.rest"]]
    return np.where(counts == UNKNOWN, np.nan, sums / images_of(way, members, counts.ndim))


def images_of(way: Packing, members: Mapping[str, Array], ndim: int) -> Any:
    """How many images a column's values are over: a number, or one an architecture."""
    if way["runs"] != SEEDS:
        return way["images"] * way["runs"]
    images = way["images"] * members[SEEDS].astype(float)
    return images if ndim == 1 else images[:, None]


def _mean(
    name: str, way: Packing, members: Mapping[str, Array], columns: Mapping[str, Array]
) -> NDArray[np.float64]:
    seeds = columns[way["of"]]
    known = np.isfinite(seeds)
    total = np.zeros(len(seeds))
    for seed in range(seeds.shape[1]):  # in this order: sums of floats depend on it
        total += np.where(known[:, seed], seeds[:, seed], 0.0)
    return total / np.where(known.any(axis=1), known.sum(axis=1), np.nan)


def _rest_of(
    name: str, way: Packing, members: Mapping[str, Array], columns: Mapping[str, Array]
) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 2 * columns[way["whole"]] - columns[way["part"]]
    return found


def _scaled(
    name: str, way: Packing, members: Mapping[str, Array], columns: Mapping[str, Array]
) -> NDArray[np.float64]:
    found: NDArray[np.float64] = way["factor"] * columns[way["of"]]
    return found


def _closed_form(
    name: str, way: Packing, members: Mapping[str, Array], columns: Mapping[str, Array]
) -> NDArray[np.float64]:
    if way["how"] == "params":
        exact = nb201_cost.parameters(nb201.all_ops(), classes=way["classes"])
    else:
        exact = nb201_cost.flops(nb201.all_ops(), classes=way["classes"], size=way["size"])
    values = exact / 1e6
    if f"{name}.rows" in members:
        values[members[f"{name}.rows"]] = members[f"{name}.values"]
    return values


def _raw(
    name: str, way: Packing, members: Mapping[str, Array], columns: Mapping[str, Array]
) -> NDArray[np.float64]:
    planes = members[f"{name}.bytes"]
    flat = np.ascontiguousarray(planes.T).view("<f8").reshape(way["shape"])
    return flat.astype(np.float64)


_DECODERS = {
    "counts": _counts,
    "mean": _mean,
    "rest_of": _rest_of,
    "scaled": _scaled,
    "params": _closed_form,
    "flops": _closed_form,
    "raw": _raw,
}


def _texts(members: Mapping[str, Array], name: str) -> dict[str, str]:
    return {str(key): str(text) for key, text in members[name]} if name in members else {}
