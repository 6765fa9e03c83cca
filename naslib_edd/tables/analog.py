"""``Table.open("analog")``: CIFAR-10 on simulated analog hardware, by the package analog-nasbench.

Its ``data.anb`` is a pickle of 15,625 objects of two of its classes. It is read without importing
the package: those two names stand for holders of attributes that run nothing, and no other is
allowed. The package has another order of operations and edges (source by source), see ``_ops``.

``test`` is the digital baseline; there is no ``val``. The other accuracies are columns
``analog_cifar10__test_…``: quantised after training (``ptq``) or in it (``qat``), with the
hardware's noise (``noisy``), trained for it (``analog``), and the two after a minute, an
hour, a day and a month (30 days) of drift, each with its ± (``spread``).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from naslib_edd.errors import DataMissing, UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.storage.broken import BROKEN, first_line
from naslib_edd.storage.pickles import PLAIN, Holder, Machine, Maker, Stream, holder
from naslib_edd.tables.columns import Array, Source
from naslib_edd.tables.formats import unreadable
from naslib_edd.tables.safe_pickle import load_from

#: The package's ids are NASLib's: skip, none, 3×3, 1×1, pool; and so is its order of edges.
_PACKAGE, _DATASET = "analognasbench", "analog_cifar10"
_COLUMNS = {
    "baseline_accuracy": "test",
    "ptq_accuracy": "test_ptq",
    "qat_accuracy": "test_qat",
    "noisy_accuracy": "test_noisy",
    "analog_accuracy": "test_analog",
}
_KNOWN = PLAIN | {
    f"{_PACKAGE}.data.{name}": Maker(holder) for name in ("Architecture", "DriftMeasurement")
}
_DRIFTS = ("baseline", "analog")
_SECONDS = (60, 3_600, 86_400, 2_592_000)


def location() -> Path:
    """The data file of the installed package.

    Raises:
        DataMissing: it is not installed.
    """
    found = importlib.util.find_spec(_PACKAGE)  # looks, and runs nothing of it
    places = [] if found is None else list(found.submodule_search_locations or [])
    for folder in places:
        if (Path(folder) / "data.anb").exists():
            return Path(folder) / "data.anb"
    raise DataMissing(
        "the table 'analog' is that of the package analog-nasbench, which is not installed: "
        "pip install --no-deps analog-nasbench"
    )


def read(path: Path) -> Source:
    """Read the package's data file.

    Raises:
        UserError: it is damaged, or names anything beyond the two classes.
    """
    try:
        with path.open("rb") as file:
            stream = Stream(file, size=path.stat().st_size)
            content = load_from(Machine(stream, known=_KNOWN), path)
    except OSError as error:
        raise unreadable(path, f"cannot be read ({error.strerror or error})") from error
    return source_of(path, content)


def source_of(path: Path, content: Any) -> Source:
    """The columns of an unpickled ``data.anb``.

    Raises:
        UserError: it holds something else.
    """
    items = list(content.values()) if isinstance(content, dict) else content
    if not isinstance(items, list | tuple) or not all(isinstance(each, Holder) for each in items):
        raise unreadable(path, f"holds a {type(content).__name__}, not analog-nasbench's objects")
    columns = {f"{_DATASET}__{name}": _unknown() for name in _names()}
    for item in items:
        try:
            index = nb201.ops_to_index(nb201.naslib_to_ops(item.attributes["architecture"]))
            for name, value in _values(item.attributes):
                columns[f"{_DATASET}__{name}"][index] = value
        except (UserError, *BROKEN) as error:
            raise unreadable(
                path,
                f"has an object unlike analog-nasbench's ({type(error).__name__}: "
                f"{first_line(error)})",
            ) from error
    return Source(
        format="analog",
        arrays=columns,
        missing={f"{_DATASET}.val": "analog-nasbench has accuracies of the test images alone"},
        notes={f"{_DATASET}.test": "digital baseline; on analog hardware: columns …__test_analog"},
    )


def _unknown() -> Array:
    return np.full(nb201.SIZE, np.nan)


def _names() -> Iterable[str]:
    yield from _COLUMNS.values()
    for kind in _DRIFTS:
        for seconds in _SECONDS:
            yield from (f"test_{kind}_drift_{seconds}s", f"test_{kind}_drift_{seconds}s_spread")


def _values(attributes: dict[str, Any]) -> Iterable[tuple[str, float]]:
    for key, name in _COLUMNS.items():
        yield name, float(attributes[key])
    for kind in _DRIFTS:
        for seconds in _SECONDS:
            drift = attributes[f"{kind}_drift_{seconds}"].attributes
            yield f"test_{kind}_drift_{seconds}s", float(drift["value"])
            yield f"test_{kind}_drift_{seconds}s_spread", float(drift["uncertainty"])
