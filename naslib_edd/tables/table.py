"""A benchmark table: every architecture of NB201 with its accuracies and costs, whatever the file.

All accuracies follow the convention of the benchmark's own tables: 200 epochs, the mean over the
seeds, in %. CIFAR-10's validation accuracy is of the run on half of the training images
(``cifar10-valid``, x-valid), its test accuracy of the run on all of them (``cifar10``, ori-test);
CIFAR-100 and ImageNet16-120 have x-valid and x-test. Source: Dong & Yang 2020, "NAS-Bench-201".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.storage.paths import path_of
from naslib_edd.tables import formats, names
from naslib_edd.tables.choice import Limits, front, order, within
from naslib_edd.tables.columns import ACCURACIES, COSTS, Source
from naslib_edd.tables.epochs import of_twelve
from naslib_edd.tables.locate import built_in
from naslib_edd.tables.ranking import Scores, known, score_of, scores
from naslib_edd.tables.record import DatasetRecord, Record, Score
from naslib_edd.tables.remarks import miscounts
from naslib_edd.tables.values import Values

if TYPE_CHECKING:
    from pandas import DataFrame

_NONE: MappingProxyType[str, str] = MappingProxyType({})


_FEW = 20  # queries that are answered without lists of all answers


class Table(Values):
    """A benchmark table; open one with :meth:`open`.

    Args:
        source: what a reader found.
        path: where it came from, for messages.

    ``len(table)`` is the number of architectures it has any accuracy of, at most 15,625;
    ``for record in table`` gives them in index order, ``table[6111]`` is ``table.query(6111)``.
    A table can be copied and pickled.
    """

    _asked = 0

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Table:
        """Open a built-in table, or one of any known format, told by its content.

        ``"nb201"`` is NAS-Bench-201, ``"digits"`` NB201-Digits, ``"analog"`` that of the package
        analog-nasbench, where it is installed. (``"./digits"`` is a file of that name.) Of other
        files only the compact format is quick (:func:`naslib_edd.tables.convert` makes one): the
        others are read whole, which for the real ones takes minutes.

        Raises:
            DataMissing: there is nothing at the path.
            UserError: the file is of no known format, damaged, or asks to run code.
        """
        location = built_in(str(path)) or path_of(path, "the table")
        if str(path) == "analog":
            from naslib_edd.tables import analog

            return cls(analog.read(location), path=location)
        return cls(formats.read(location), path=location)

    def query(self, arch: nb201.Arch, *, epochs: int = 200) -> Record:
        """The record of one architecture.

        Args:
            arch: in any form of :mod:`naslib_edd.spaces.nb201.forms`.
            epochs: 200, or 12 for the runs of 12 epochs (see :meth:`at`).

        Raises:
            UserError: the architecture is not one of NB201's, or the table has no such runs; the
                message says what is wrong.
        """
        if epochs != 200:
            return self.at(epochs).query(arch)
        index = names.index_of(arch)
        ops = names.ops_at(index)
        if self._asked > _FEW:
            datasets, whole = self._looked_up(index), bool(self._gaps.complete[index])
        else:
            datasets = self._computed(index)
            whole = all(of.known for of in datasets.values())
        return Record(
            index,
            names.str_of(ops),
            ops,
            MappingProxyType(datasets),
            _NONE if whole else MappingProxyType(self._missing(index)),
            self._notes_of(index, datasets),
        )

    @cached_property
    def _twelve(self) -> Table:
        return Table(of_twelve(self._source, self.source), path=self.source)

    def at(self, epochs: int) -> Table:
        """The table of the runs of 12 epochs, whose ranks are among themselves; 200: this one.

        Raises:
            UserError: the table has no runs of so many epochs.
        """
        if epochs == 200:
            return self
        if epochs == 12:
            return self._twelve
        raise UserError(
            f"no runs of {epochs} epochs: NAS-Bench-201 trained for 12 and for 200, and tables "
            "keep the accuracy after the last epoch of each"
        )

    def best(
        self,
        dataset: str,
        split: str,
        *,
        max_params_M: float | None = None,
        max_flops_M: float | None = None,
        max_latency_ms: float | None = None,
        device: str | None = None,
        latencies: str | os.PathLike[str] | None = None,
    ) -> Record:
        """The architecture of the best accuracy; of several, the one of the lowest index.

        Args:
            dataset: a name of :attr:`datasets`, or the benchmark's own (``"ImageNet16-120"``).
            split: ``"val"`` or ``"test"``.
            max_params_M: at most so many parameters, in millions.
            max_flops_M: at most so many FLOPs, in millions.
            max_latency_ms: at most this latency, in ms, on ``device``.
            device: the device of ``max_latency_ms``; see :meth:`cost`.
            latencies: the file that has its latencies; see :meth:`cost`.

        Raises:
            UserError: the table has no such data set, no such accuracy, or none within the limits.
        """
        limits = Limits(max_params_M, max_flops_M, max_latency_ms)
        order = self.ranking(dataset, split, limits, device=device, latencies=latencies)
        if not order:
            raise UserError(f"no architecture of {self.source} keeps the limits {limits.text()}")
        return self.query(order[0])

    def ranking(
        self,
        dataset: str,
        split: str,
        limits: Limits = Limits(),  # noqa: B008  # a tuple
        *,
        device: str | None = None,
        latencies: str | os.PathLike[str] | None = None,
    ) -> list[int]:
        """Indices of the architectures of known accuracy within limits, the best first.

        Raises:
            UserError: see :meth:`best`.
        """
        values = self.accuracy(dataset, split)
        costs = {
            name: self.cost(dataset, name, device=device, latencies=latencies)
            for name, bound in limits._asdict().items()
            if bound is not None
        }
        return order(values, within(limits, costs, len(values))).tolist()

    def pareto(
        self,
        dataset: str,
        split: str,
        cost: str = "params_M",
        *,
        device: str | None = None,
        latencies: str | os.PathLike[str] | None = None,
    ) -> list[Record]:
        """The Pareto front of accuracy against a cost, the cheapest first.

        Args:
            dataset: as of :meth:`best`.
            split: as of :meth:`best`.
            cost: as of :meth:`cost`.
            device: as of :meth:`cost`.
            latencies: as of :meth:`cost`.

        Raises:
            UserError: see :meth:`best`, :meth:`cost`.
        """
        costs = self.cost(dataset, cost, device=device, latencies=latencies)
        return [self.query(index) for index in front(self.accuracy(dataset, split), costs).tolist()]

    def to_dataframe(self, *, seeds: bool = False, epochs: int = 200) -> DataFrame:
        """The whole table, a row an architecture; see :func:`naslib_edd.tables.frame.frame`.

        Raises:
            UserError: pandas is not installed, or the table has no runs of so many epochs.
        """
        from naslib_edd.tables.frame import frame

        return frame(self.at(epochs), seeds=seeds)

    def __getitem__(self, arch: nb201.Arch) -> Record:
        return self.query(arch)

    def __iter__(self) -> Iterator[Record]:
        return (self.query(index) for index in np.flatnonzero(self._present).tolist())

    def __getstate__(self) -> tuple[Source, Path]:
        return self._source, self.source

    def __setstate__(self, state: tuple[Source, Path]) -> None:
        self.__init__(state[0], path=state[1])  # type: ignore[misc]  # as when it was opened

    def __repr__(self) -> str:
        return f"<Table {self.source} ({self.format}): {', '.join(self.datasets)}>"

    def _notes_of(self, index: int, found: dict[str, DatasetRecord]) -> MappingProxyType[str, str]:
        more = miscounts(index, {name: of.params_M for name, of in found.items()})
        return MappingProxyType({**self._notes, **more}) if more else self._notes

    def _missing(self, index: int) -> dict[str, str]:
        return self._gaps.of(index, present=bool(self._present[index]))

    def _looked_up(self, index: int) -> dict[str, DatasetRecord]:
        datasets = {}
        for dataset, (val, rank, regret), (test, test_rank, test_regret), costs in self._answers:
            datasets[dataset] = DatasetRecord(
                Score(val[index], rank[index], regret[index]),
                Score(test[index], test_rank[index], test_regret[index]),
                *[cost[index] for cost in costs],
            )
        return datasets

    def _computed(self, index: int) -> dict[str, DatasetRecord]:
        """The same without the lists of all answers, which are worth making for many queries."""
        self._asked += 1
        datasets = {}
        for dataset in self._recorded:
            val, test = (
                Score(*score_of(self._floats(dataset, split), index)) for split in ACCURACIES
            )
            costs = (float(self._floats(dataset, item)[index]) for item in COSTS)
            datasets[dataset] = DatasetRecord(
                val, test, *(cost if np.isfinite(cost) else None for cost in costs)
            )
        return datasets

    @cached_property
    def _answers(self) -> list[tuple[str, Scores, Scores, list[list[Any]]]]:
        """Data set, its two accuracies, its costs, as lists: what a query looks up."""
        answers = []
        for dataset in self._recorded:
            val, test = (scores(self._floats(dataset, split)) for split in ACCURACIES)
            costs = [known(self._floats(dataset, item)) for item in COSTS]
            answers.append((dataset, val, test, costs))
        return answers
