"""Writing a packed table: see :mod:`naslib_edd.tables.packed` for the form.

Each column is packed in every way that its name allows, decoded again, and the smallest way whose
values are those of the source bit for bit is taken. What no way fits is kept as it is.
"""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import cost as nb201_cost
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.storage.files import write_atomic
from naslib_edd.tables.columns import Array, is_column
from naslib_edd.tables.compact import MISSING, NOTES
from naslib_edd.tables.packed import PACKING, SEEDS, UNKNOWN, Packing, decode, images_of

#: Evaluated images of (first half of a column's name, split); NAS-Bench-201, section 2.
IMAGES = {
    ("cifar10_valid", "val"): 25_000,
    ("cifar10_valid", "test"): 10_000,
    ("cifar10", "test"): 10_000,
    ("cifar100", "val"): 5_000,
    ("cifar100", "test"): 5_000,
    ("cifar100", "valtest"): 10_000,
    ("imagenet16_120", "val"): 3_000,
    ("imagenet16_120", "test"): 3_000,
    ("imagenet16_120", "valtest"): 6_000,
}
#: Classes, and pixels along a side, of a data set's networks.
NETWORKS = {"cifar10_valid": (10, 32), "cifar100": (100, 32), "imagenet16_120": (120, 16)}
#: Training images: of CIFAR-10's half, of CIFAR-100, of ImageNet16-120 (the benchmark scales by
#: them).
TRAINED = {"cifar10_valid": 25_000, "cifar100": 50_000, "imagenet16_120": 151_700}
_STEP = 2.0**-20  # of a rest: float32 accuracies are multiples of it, times whole numbers


def write(
    arrays: Mapping[str, Array],
    target: Path,
    *,
    about: Mapping[str, Any],
    notes: Mapping[str, str],
    missing: Mapping[str, str],
) -> dict[str, int]:
    """Write a packed table of a table's columns; the same columns give the same bytes.

    Args:
        arrays: columns by name, and ``n_seeds`` [15625].
        about: what the table says about itself, JSON-ready.
        notes, missing: as of :class:`~naslib_edd.tables.columns.Source`.

    Returns:
        Column -> bytes that it takes, compressed by itself.

    Raises:
        UserError: there is no ``n_seeds``, or the file cannot be written.
    """
    if SEEDS not in arrays:
        raise UserError(f"a packed table needs '{SEEDS}', the number of runs of an architecture")
    members: dict[str, Array] = {SEEDS: np.asarray(arrays[SEEDS], dtype=np.int8)}
    ways: dict[str, Packing] = {}
    sizes = {}
    columns = {name: np.asarray(arrays[name], float) for name in arrays if is_column(name)}
    for name in columns:
        ways[name], parts = _smallest(name, columns, members)
        members |= parts
        sizes[name] = _size(parts)
    members["about"] = np.array(json.dumps(about, ensure_ascii=False))
    members[PACKING] = np.array(json.dumps(ways))
    for name, texts in ((NOTES, notes), (MISSING, missing)):
        if texts:
            members[name] = np.array(list(texts.items()))
    write_atomic(target, lambda file: file.write(_signed(members)))
    return sizes


def _signed(members: Mapping[str, Array]) -> bytes:
    """A zip file of the members whose comment is the SHA-256 of all before it."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **members)  # type: ignore[arg-type]  # names are not its options
    body = buffer.getvalue()[:-2]  # the last two bytes are the length of no comment
    body += len(hashlib.sha256().hexdigest()).to_bytes(2, "little")
    return body + hashlib.sha256(body).hexdigest().encode()


def _smallest(
    name: str, columns: Mapping[str, Array], members: Mapping[str, Array]
) -> tuple[Packing, dict[str, Array]]:
    wanted = columns[name]
    found: list[tuple[int, int, Packing, dict[str, Array]]] = []
    for way, parts in _candidates(name, columns, members):
        values = decode(name, way, {**members, **parts}, columns)
        if not np.array_equal(np.isfinite(values), np.isfinite(wanted)):
            continue
        known = np.isfinite(wanted)
        ulps = np.zeros(wanted.shape, dtype=np.int64)
        ulps[known] = wanted[known].view(np.int64) - values[known].view(np.int64)
        if np.abs(ulps).max() > np.iinfo(np.int8).max:
            continue
        if ulps.any():
            parts = parts | {f"{name}.ulps": ulps.astype(np.int8)}
        found.append((_size(parts), len(found), way, parts))
    _, _, way, parts = min(found, key=lambda each: each[:2])
    return way, parts


def _candidates(
    name: str, columns: Mapping[str, Array], members: Mapping[str, Array]
) -> Iterator[tuple[Packing, dict[str, Array]]]:
    """Each way that a column of this name may be packed, and its parts, exact or not."""
    dataset, _, metric = name.partition("__")
    split = metric.partition("_")[0]
    wanted = columns[name]
    if (dataset, split) in IMAGES:
        for runs in (1, SEEDS, 2, 3, 6):
            way = {"how": "counts", "images": IMAGES[dataset, split], "runs": runs}
            parts = _count(name, wanted, images_of(way, members, wanted.ndim))
            if parts:
                yield way, parts
                break
    for suffix in ("", "_derived"):
        seeds = f"{dataset}__{metric}_seeds{suffix}"
        if seeds in columns:
            yield {"how": "mean", "of": seeds}, {}
    whole, part = f"{dataset}__valtest_seeds", f"{dataset}__val_seeds"
    if metric.startswith("test_seeds") and whole in columns and part in columns:
        yield {"how": "rest_of", "whole": whole, "part": part}, {}
    base = f"cifar10_valid__{metric}"
    if metric == "train_time_200ep_s" and dataset in TRAINED and base in columns and base != name:
        yield {"how": "scaled", "of": base, "factor": TRAINED[dataset] / 25_000}, {}
    if metric.startswith(("params_M", "flops_M")) and dataset in NETWORKS and wanted.ndim == 1:
        yield _closed(name, wanted, metric.partition("_")[0], *NETWORKS[dataset])
    little = np.ascontiguousarray(wanted, dtype="<f8").reshape(-1, 1).view(np.uint8)
    yield (
        {"how": "raw", "shape": list(wanted.shape)},
        {f"{name}.bytes": np.ascontiguousarray(little.T)},
    )


def _count(name: str, wanted: NDArray[np.float64], images: Any) -> dict[str, Array] | None:
    """Counts and rests, or None where the values are not accuracies of so many images."""
    known = np.isfinite(wanted)
    sums = np.where(known, wanted, 0.0) * images
    counts = np.rint(sums / 100)
    rests = np.rint((sums - 100 * counts) / _STEP) * _STEP
    # A rest beyond rounding is a fraction of an image: the values are means over more runs.
    if np.abs(rests).max() > 0.01 or counts.max() >= UNKNOWN or counts.min() < 0:
        return None
    parts: dict[str, Array] = {f"{name}.count": np.where(known, counts, UNKNOWN).astype(np.uint16)}
    each, places = np.unique(rests, return_inverse=True)
    if len(each) > 1:
        kind = np.uint8 if len(each) <= 256 else np.uint16
        parts[f"{name}.rest"] = places.reshape(wanted.shape).astype(kind)
        parts[f"{name}.rests"] = each
    return parts


def _closed(
    name: str, wanted: NDArray[np.float64], kind: str, classes: int, size: int
) -> tuple[Packing, dict[str, Array]]:
    way: Packing = {"how": kind, "classes": classes, "size": size}
    ops = nb201.all_ops()
    exact = (
        nb201_cost.parameters(ops, classes=classes)
        if kind == "params"
        else nb201_cost.flops(ops, classes=classes, size=size)
    )
    other = np.flatnonzero(np.abs(wanted - exact / 1e6) > 1e-9)
    if not len(other):
        return way, {}
    return way, {f"{name}.rows": other.astype(np.uint16), f"{name}.values": wanted[other]}


def _size(parts: Mapping[str, Array]) -> int:
    return sum(len(zlib.compress(array.tobytes())) for array in parts.values())
