"""What a table has of columns: accuracies, single runs, costs, and what it says of them."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError, nearest
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import names
from naslib_edd.tables.about import read_about
from naslib_edd.tables.columns import (
    ACCURACIES,
    COSTS,
    NB201_DATASETS,
    Array,
    Source,
    column_for,
    dataset_name,
    datasets_in,
    is_column,
    seeds_column,
)
from naslib_edd.tables.latency import Latencies, latencies_for
from naslib_edd.tables.missing import MissingFields
from naslib_edd.tables.noise import Noise, noise
from naslib_edd.tables.remarks import estimates


class Values:
    """The values of a table, a base of :class:`~naslib_edd.tables.table.Table`.

    Args:
        source: what a reader found.
        path: where it came from, for messages.
    """

    def __init__(self, source: Source, *, path: Path) -> None:
        self.source = path
        self.format = source.format
        self._arrays = source.arrays
        self._source = source
        #: The data sets that the table has accuracies of.
        self.datasets = datasets_in(source.arrays)
        # A table of NB201's data sets answers for all three, be it that it has no value.
        others = tuple(name for name in self.datasets if name not in NB201_DATASETS)
        self._recorded = others if others == self.datasets else (*NB201_DATASETS, *others)

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

    def accuracy(self, dataset: str, split: str) -> NDArray[np.floating]:
        """An accuracy of every architecture, in %, [15625], NaN where unknown.

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
        return values

    def seeds(self, arch: nb201.Arch) -> dict[str, tuple[float, ...]]:
        """``<dataset>__val``, ``<dataset>__test`` -> the accuracy of each run (seed), in %.

        What the table keeps no single runs of is not there: the built-in nb201 has none of
        CIFAR-10's test accuracy.
        """
        index, found = names.index_of(arch), {}
        for accuracy in self.accuracies:
            column = seeds_column(self._arrays, *accuracy.split("__"))
            if column is not None:
                values = self.column(column)[index]
                found[accuracy] = tuple(values[np.isfinite(values)].tolist())
        return found

    def latencies(self, named: str | os.PathLike[str] | None = None) -> Latencies:
        """Latencies on devices: the table's own, those of another or of NASLIB_EDD_TABLE's.

        Args:
            named: path of another table, which then is asked alone.

        Raises:
            UserError: there are none.
        """
        return latencies_for(self._arrays, path=self.source, named=named)

    def cost(
        self,
        dataset: str,
        name: str,
        *,
        device: str | None = None,
        latencies: str | os.PathLike[str] | None = None,
    ) -> NDArray[np.floating]:
        """A cost of every architecture, [15625], NaN where unknown.

        Args:
            dataset: a name of :attr:`datasets`.
            name: ``params_M``, ``flops_M`` (both as counted, where the table has that),
                ``train_time_s`` or ``latency_ms``.
            device: of ``latency_ms``: see :meth:`latencies`.
            latencies: the same.

        Raises:
            UserError: there is no such cost.
        """
        if name == "latency_ms":
            if device is None:
                raise UserError("a latency is of a device: name one (device=, --latency)")
            return self.latencies(latencies).of(device)
        if name not in COSTS:
            raise UserError(f"no cost '{name}'{nearest(name, (*COSTS, 'latency_ms'))}")
        dataset = dataset_name(dataset, self.datasets)
        counted = column_for(self._arrays, dataset, name, counted=True)
        if counted is None:
            raise UserError(self._gaps.why_absent(dataset, name))
        return self._arrays[counted].astype(float)

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
        column = seeds_column(self._arrays, dataset, split)
        values = np.empty((0, 0)) if column is None else self.column(column)
        complete = values[np.isfinite(values).all(axis=1)] if values.size else values
        return noise(complete) if len(complete) > 1 and complete.shape[1] > 1 else None

    def info(self) -> dict[str, Any]:
        """What the table holds, JSON-ready: source, format, sizes, the best of each accuracy."""
        best: dict[str, dict[str, Any]] = {}
        for name, values in self.accuracies.items():
            dataset, _, split = name.partition("__")
            count = int(np.isfinite(values).sum())
            top = int(np.nanargmax(values)) if count else None
            best.setdefault(dataset, {})[split] = {
                "architectures": count,
                "best": None if top is None else float(values[top]),
                "best_index": top,
            }
        return {
            "source": str(self.source),
            "format": self.format,
            "architectures": len(self),
            "of": nb201.SIZE,
            "datasets": best,
            "columns": list(self.columns),
            "other_arrays": [name for name in self.arrays if not is_column(name)],
            "missing": self.absent,
            "notes": self.notes,
            "about": self.about,
        }

    def __len__(self) -> int:
        return int(self._present.sum())

    @property
    def absent(self) -> dict[str, str]:
        """Each field of a record that no architecture has -> why."""
        return self._gaps.absent()

    @property
    def notes(self) -> dict[str, str]:
        """Field of a record -> what sets its value apart from the benchmark's convention."""
        return dict(self._notes)

    @cached_property
    def _notes(self) -> MappingProxyType[str, str]:
        return MappingProxyType({**self._source.notes, **estimates(self._arrays)})

    @cached_property
    def _present(self) -> Array:
        """Which architectures have any accuracy, [15625]."""
        present = np.zeros(nb201.SIZE, dtype=bool)
        for values in self.accuracies.values():
            present |= np.isfinite(values)
        return present

    @cached_property
    def _gaps(self) -> MissingFields:
        return MissingFields(self._source, recorded=self._recorded, path=self.source)

    def _floats(self, dataset: str, item: str) -> NDArray[np.floating]:
        column = column_for(self._arrays, dataset, item)
        if column is None:
            return np.full(nb201.SIZE, np.nan)
        return self._arrays[column].astype(float)
