"""A benchmark table: every architecture of NB201 with its accuracies and costs, whatever the file.

All accuracies follow the convention of the benchmark's own tables: 200 epochs, the mean over the
seeds, in %. CIFAR-10's validation accuracy is of the run on half of the training images
(``cifar10-valid``, x-valid), its test accuracy of the run on all of them (``cifar10``, ori-test);
CIFAR-100 and ImageNet16-120 have x-valid and x-test. Source: Dong & Yang 2020, "NAS-Bench-201".
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError, nearest
from naslib_edd.paths import path_of
from naslib_edd.spaces import nb201
from naslib_edd.tabular import formats, names
from naslib_edd.tabular.about import describe, read_about
from naslib_edd.tabular.columns import (
    ACCURACIES,
    COSTS,
    NB201_DATASETS,
    Array,
    Source,
    column_for,
    dataset_name,
    datasets_in,
    is_column,
)
from naslib_edd.tabular.gaps import Gaps
from naslib_edd.tabular.locate import built_in
from naslib_edd.tabular.noise import Noise, noise
from naslib_edd.tabular.ranking import Scores, known, scores
from naslib_edd.tabular.record import DatasetRecord, Record, Score

_NONE: MappingProxyType[str, str] = MappingProxyType({})


class Table:
    """A benchmark table; open one with :meth:`open`.

    Args:
        source: what a reader found.
        path: where it came from, for messages.

    ``len(table)`` is the number of architectures it has any accuracy of, at most 15,625.
    """

    def __init__(self, source: Source, *, path: Path) -> None:
        self.source = path
        self.format = source.format
        self._arrays = source.arrays
        self._source = source
        self._notes = MappingProxyType(dict(source.notes))
        #: The data sets that the table has accuracies of.
        self.datasets = datasets_in(source.arrays)
        # A table of NB201's data sets answers for all three, be it that it has no value.
        others = tuple(name for name in self.datasets if name not in NB201_DATASETS)
        self._recorded = others if others == self.datasets else (*NB201_DATASETS, *others)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Table:
        """Open the built-in table, ``"digits"``, or one of any known format, told by its content.

        (``"./digits"`` is a file of that name.) Only the compact format is quick
        (:func:`naslib_edd.tabular.convert` makes one): the other formats are read whole, which for
        the real files takes minutes.

        Raises:
            DataMissing: there is nothing at the path.
            UserError: the file is of no known format, damaged, or asks to run code.
        """
        location = built_in(str(path)) or path_of(path, "the table")
        return cls(formats.read(location), path=location)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, ``<dataset>__<metric>``."""
        return tuple(name for name in self._arrays if is_column(name))

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of all arrays, columns and others."""
        return tuple(self._arrays)

    def column(self, name: str) -> Array:
        """A column, or any other array of the table. Read-only; a column's first axis is [15625].

        ``cifar10__…`` finds ``cifar10_valid__…`` where only that is there (not for ``test``).

        Raises:
            UserError: there is no such array.
        """
        dataset, _, metric = name.partition("__")
        found = name
        if name not in self._arrays and dataset == "cifar10" and metric != "test":
            found = f"cifar10_valid__{metric}"
        if found not in self._arrays:
            raise UserError(f"{self.source} has no column '{name}'{nearest(name, self._arrays)}")
        view = self._arrays[found].view()
        view.flags.writeable = False
        return view

    @property
    def accuracies(self) -> dict[str, Array]:
        """``<dataset>__val``, ``<dataset>__test`` of each data set -> accuracies in %, [15625]."""
        found = {}
        for dataset in self.datasets:
            for split in ACCURACIES:
                name = column_for(self._arrays, dataset, split)
                if name is not None:
                    found[f"{dataset}__{split}"] = self.column(name)
        return found

    def query(self, arch: nb201.Arch) -> Record:
        """The record of one architecture, named by its index, its string or its operation ids.

        Raises:
            UserError: the architecture is not one of NB201's; the message says what is wrong.
        """
        index = names.index_of(arch)
        ops = names.ops_at(index)
        datasets = {}
        for dataset, (val, rank, regret), (test, test_rank, test_regret), costs in self._answers:
            datasets[dataset] = DatasetRecord(
                Score(val[index], rank[index], regret[index]),
                Score(test[index], test_rank[index], test_regret[index]),
                *[cost[index] for cost in costs],
            )
        return Record(
            index,
            names.str_of(ops),
            ops,
            MappingProxyType(datasets),
            _NONE if self._gaps.complete[index] else MappingProxyType(self._missing(index)),
            self._notes,
        )

    def best(self, dataset: str, split: str) -> Record:
        """The architecture of the best accuracy; of several, the one of the lowest index.

        Args:
            dataset: a name of :attr:`datasets`, or the benchmark's own (``"ImageNet16-120"``).
            split: ``"val"`` or ``"test"``.

        Raises:
            UserError: the table has no such data set or no such accuracy.
        """
        if split not in ACCURACIES:
            raise UserError(f"no split '{split}'{nearest(split, ACCURACIES)}")
        name = dataset_name(dataset, self.datasets)
        column = column_for(self._arrays, name, split)
        if column is None:
            raise UserError(self._gaps.why_absent(name, split))
        values = self._arrays[column]
        if np.isnan(values).all():
            raise UserError(f"every value of '{column}' in {self.source} is unknown")
        return self.query(int(np.nanargmax(values)))

    def __len__(self) -> int:
        return int(self._present.sum())

    def __repr__(self) -> str:
        return f"<Table {self.source} ({self.format}): {', '.join(self.datasets)}>"

    def info(self) -> dict[str, Any]:
        """What the table holds, JSON-ready: source, format, sizes, the best of each accuracy."""
        return describe(self)

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the table says about itself: the built-in one its protocol, noise and reliability.

        Raises:
            UserError: the table's ``about`` is no JSON object.
        """
        return read_about(self._arrays, self.source)

    def noise(self, dataset: str, split: str) -> Noise | None:
        """How far differences of an accuracy are chance; None without the values of two seeds.

        Args:
            dataset: a name of :attr:`datasets`.
            split: ``"val"`` or ``"test"``.
        """
        column = f"{dataset}__{split}_seeds"
        values = self.column(column) if column in self._arrays else np.empty((0, 0))
        complete = values[np.isfinite(values).all(axis=1)] if values.size else values
        return noise(complete) if len(complete) > 1 and complete.shape[1] > 1 else None

    @property
    def absent(self) -> dict[str, str]:
        """Each field of a record that no architecture has -> why."""
        return self._gaps.absent()

    @property
    def notes(self) -> dict[str, str]:
        """Field of a record -> what sets its value apart from the benchmark's convention."""
        return dict(self._notes)

    @cached_property
    def _present(self) -> Array:
        """Which architectures have any accuracy, [15625]."""
        present = np.zeros(nb201.SIZE, dtype=bool)
        for values in self.accuracies.values():
            present |= np.isfinite(values)
        return present

    @cached_property
    def _gaps(self) -> Gaps:
        return Gaps(self._source, recorded=self._recorded, path=self.source)

    def _missing(self, index: int) -> dict[str, str]:
        return self._gaps.of(index, present=bool(self._present[index]))

    @cached_property
    def _answers(self) -> list[tuple[str, Scores, Scores, list[list[Any]]]]:
        """Data set, its two accuracies, its costs, as lists: what a query looks up."""
        answers = []
        for dataset in self._recorded:
            val, test = (scores(self._floats(dataset, split)) for split in ACCURACIES)
            costs = [known(self._floats(dataset, item)) for item in COSTS]
            answers.append((dataset, val, test, costs))
        return answers

    def _floats(self, dataset: str, item: str) -> NDArray[np.floating]:
        column = column_for(self._arrays, dataset, item)
        if column is None:
            return np.full(nb201.SIZE, np.nan)
        return self._arrays[column].astype(float)
