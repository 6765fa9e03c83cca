"""NASLib's ``dataset_api`` over any of our tables: its optimizers and ``graph.query`` run on it.

>>> api = dataset_api("nb201")
>>> optimizer.adapt_search_space(space, dataset_api=api)  # doctest: +SKIP

NASLib asks for one accuracy a data set, ``eval_acc1es``, and answers its validation and its test
metric with it: here that is the table's validation accuracy, unless told otherwise. Its curves have
a value an epoch; a table has the last one alone, so any other is refused. Training accuracies and
losses are in no table of ours: their last value is NaN (NASLib's optimizers ask for it to log it,
and decide nothing by it).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from naslib_edd.errors import UserError, nearest
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import names
from naslib_edd.tables.columns import ACCURACIES
from naslib_edd.tables.record import DatasetRecord
from naslib_edd.tables.table import Table

#: NASLib's name of a data set -> ours.
DATASETS = {
    "cifar10-valid": "cifar10",
    "cifar100": "cifar100",
    "ImageNet16-120": "imagenet16_120",
}


def dataset_api(
    table: Table | str | os.PathLike[str] = "nb201", *, split: str = "val", epochs: int = 200
) -> dict[str, Any]:
    """What NASLib's ``get_dataset_api("nasbench201", …)`` gives, without its pickle.

    Args:
        table: a table, its path, or ``"nb201"``.
        split: the accuracy that NASLib's validation and test metrics answer with, ``"val"`` or
            ``"test"``.
        epochs: 200, or 12 for the runs of 12 epochs.

    Raises:
        UserError: the table has no such accuracy of any of NASLib's data sets.
    """
    if split not in ACCURACIES:
        raise UserError(f"no split '{split}'{nearest(split, ACCURACIES)}")
    found = (table if isinstance(table, Table) else Table.open(table)).at(epochs)
    if not any(f"{name}__{split}" in found.accuracies for name in DATASETS.values()):
        raise UserError(
            f"{found.source} has no {split} accuracy of {', '.join(DATASETS.values())}, which "
            "NASLib's NB201 space asks for"
        )
    return {"nb201_data": Entries(found, split, epochs)}


class LastOf(Sequence[float]):
    """A curve of which only the last value is known.

    Args:
        value: that of the last epoch, NaN if unknown.
        epochs: how many there were.
    """

    def __init__(self, value: float | None, epochs: int) -> None:
        self._value, self._epochs = math.nan if value is None else value, epochs

    @overload
    def __getitem__(self, epoch: int) -> float: ...
    @overload
    def __getitem__(self, epoch: slice) -> Sequence[float]: ...

    def __getitem__(self, epoch: int | slice) -> float | Sequence[float]:
        if isinstance(epoch, int) and epoch in (-1, self._epochs - 1):
            return self._value
        raise UserError(
            f"the table has accuracies after the last of {self._epochs} epochs alone, no curves: "
            f"epoch {epoch} is not known (epoch=-1 is)"
        )

    def __iter__(self) -> Iterator[float]:
        return iter(self[:])  # refused as every other part of a curve

    def __len__(self) -> int:
        return self._epochs

    def __repr__(self) -> str:
        return f"LastOf({self._value}, {self._epochs})"


class Entries(Mapping[str, dict[str, Any]]):
    """Architecture string -> NASLib's entry, made when asked for."""

    def __init__(self, table: Table, split: str, epochs: int) -> None:
        self._table, self._split, self._epochs = table, split, epochs

    def __getitem__(self, arch: str) -> dict[str, Any]:
        if not isinstance(arch, str):
            raise KeyError(arch)
        record = self._table.query(arch)
        return {
            theirs: self._entry(record.datasets[ours])
            for theirs, ours in DATASETS.items()
            if ours in record.datasets
        }

    def __iter__(self) -> Iterator[str]:
        return (names.str_of(ops) for ops in map(tuple, nb201.all_ops().tolist()))

    def __len__(self) -> int:
        return nb201.SIZE

    def _entry(self, of: DatasetRecord) -> dict[str, Any]:
        accuracy = (of.val if self._split == "val" else of.test).value
        unknown = LastOf(None, self._epochs)
        total = of.train_time_s
        cost = {
            "flops": of.flops_M,
            "params": of.params_M,
            "latency": None,
            # NASLib's is of one epoch.
            "train_time": None if total is None else total / self._epochs,
        }
        return {
            "train_acc1es": unknown,
            "train_losses": unknown,
            "eval_losses": unknown,
            "eval_acc1es": LastOf(accuracy, self._epochs),
            "cost_info": cost,
        }
