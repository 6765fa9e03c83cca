"""The names of a table's columns, and which of them answers which field of a record.

A column is named ``<dataset>__<metric>`` and has a row for each architecture in index order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from naslib_edd.data.names import plain, same
from naslib_edd.errors import UserError, nearest

Array = NDArray[Any]

#: The data sets of NAS-Bench-201, as records name them.
NB201_DATASETS = ("cifar10", "cifar100", "imagenet16_120")
#: The benchmark's own names of its training runs -> the first half of our columns' names. It
#: trains on CIFAR-10 twice: on half of the images (which leaves a validation set) and on all.
COLUMN_PREFIX = {
    "cifar10-valid": "cifar10_valid",
    "cifar10": "cifar10",
    "cifar100": "cifar100",
    "ImageNet16-120": "imagenet16_120",
}

ACCURACIES = ("val", "test")
#: Field of a record -> the metrics that can fill it, the preferred one first.
METRICS = {
    "val": ("val",),
    "test": ("test",),
    "params_M": ("params_M_reported", "params_M_formula"),
    "flops_M": ("flops_M_reported", "flops_M_formula"),
    "train_time_s": ("train_time_200ep_s", "train_time_s"),
}
COSTS = tuple(item for item in METRICS if item not in ACCURACIES)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a reader hands over.

    Attributes:
        format: ``"packed"``, ``"compact"``, ``"nb201-pth"``, ``"nats-bench"``, ``"naslib-pickle"``
            or ``"analog"``.
        arrays: every array, columns and others; columns have 15,625 rows, NaN where unknown.
        missing: field, such as ``"cifar10.test"`` -> why this format has no such value.
        notes: field -> what sets its value apart from the benchmark's convention.
    """

    format: str
    arrays: Mapping[str, Array]
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


def is_column(name: str) -> bool:
    """Whether an array of this name has a row for each architecture."""
    return "__" in name


def column_for(
    names: Collection[str], dataset: str, item: str, *, counted: bool = False
) -> str | None:
    """The column that answers a field of a data set's record, or None.

    Args:
        names: of the table's columns.
        dataset: the data set.
        item: the field, a key of :data:`METRICS`.
        counted: prefer parameters and FLOPs as counted to those that the benchmark's file says.
    """
    metrics = reversed(METRICS[item]) if counted and item != "train_time_s" else METRICS[item]
    for metric in metrics:
        for prefix in _prefixes(dataset, item):
            if f"{prefix}__{metric}" in names:
                return f"{prefix}__{metric}"
    return None


def seeds_column(names: Collection[str], dataset: str, split: str) -> str | None:
    """The column of an accuracy's single runs (at worst ``derived`` from others), or None."""
    for suffix in ("_seeds", "_seeds_derived"):
        for prefix in _prefixes(dataset, split):
            if f"{prefix}__{split}{suffix}" in names:
                return f"{prefix}__{split}{suffix}"
    return None


def _prefixes(dataset: str, item: str) -> tuple[str, ...]:
    # Never for the test accuracy: the benchmark's is that of the run on all images.
    return (dataset, "cifar10_valid") if dataset == "cifar10" and item != "test" else (dataset,)


def datasets_in(names: Iterable[str]) -> tuple[str, ...]:
    """Data sets that have an accuracy column, NAS-Bench-201's first."""
    found: dict[str, None] = {}
    for name in names:
        dataset, _, metric = name.partition("__")
        if metric in ACCURACIES:
            found["cifar10" if dataset == "cifar10_valid" else dataset] = None
    known = [name for name in NB201_DATASETS if name in found]
    return (*known, *(name for name in found if name not in NB201_DATASETS))


def dataset_name(name: str, known: Collection[str]) -> str:
    """The table's name for a data set named in any usual spelling (``ImageNet16-120``).

    Raises:
        UserError: the table has no such data set.
    """
    found = same("cifar10" if plain(name) == "cifar10valid" else name, known)
    if found is None:
        raise UserError(f"the table has no data set '{name}'{nearest(name.lower(), known)}")
    return found
