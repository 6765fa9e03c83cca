"""The runs of one architecture, with the methods of the official packages' ``ArchResults``."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError, nearest
from naslib_edd.tables import names
from naslib_edd.tables.columns import COLUMN_PREFIX
from naslib_edd.tables.table import Table

#: Number of epochs -> what ends its columns' names.
HPS = {"12": "_ep12", "200": ""}
#: Training run -> evaluated set -> (what keys call it, the metric of its column).
SETS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "cifar10-valid": {"x-valid": ("valid", "val"), "ori-test": ("test", "test")},
    "cifar10": {"ori-test": ("test", "test")},
    "cifar100": {
        "x-valid": ("valid", "val"),
        "x-test": ("test", "test"),
        "ori-test": ("valtest", "valtest"),
    },
    "ImageNet16-120": {
        "x-valid": ("valid", "val"),
        "x-test": ("test", "test"),
        "ori-test": ("valtest", "valtest"),
    },
}
_WHAT = {"loss": "losses", "accuracy": "such accuracies", "time": "such times"}


class NotInTable(UserError, KeyError, ValueError):
    """The official files have it, this table has not; the message says what."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError's own would be in quotes


class Info(dict[str, Any]):
    """What is known; asking for another key of the official classes' says why it is not.

    Args:
        known: what is.
        source: of the table, for messages.
        means: keys of which the mean alone is known, where one run was asked for.
    """

    def __init__(self, known: Mapping[str, Any], source: str, means: Collection[str] = ()) -> None:
        super().__init__(known)
        self._source, self._means = source, tuple(means)

    def __missing__(self, key: str) -> Any:
        if key in self._means:
            raise NotInTable(
                f"{self._source} has '{key}' as the mean over runs alone: take is_random=False"
            )
        what = _WHAT.get(str(key).rpartition("-")[2], "such values")
        raise NotInTable(
            f"{self._source} has no '{key}': it keeps no {what} of this run; it has "
            f"{', '.join(self) or 'nothing of it'}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return Info, (dict(self), self._source, self._means)


class Trials:
    """See the module.

    Args:
        table: where they are.
        index: the architecture's.
        hp: ``"12"`` or ``"200"``.
        latency: of the architecture, s.
    """

    def __init__(self, table: Table, index: int, hp: str, *, latency: float | None = None) -> None:
        self.arch_index, self.arch_str = index, names.str_of(names.ops_at(index))
        self._table, self._hp, self._latency = table, hp, latency

    def get_dataset_names(self) -> list[str]:
        """Training runs of which the table has anything for this architecture."""
        return [name for name in SETS if self.info(name, None, False).keys() - {"comment"}]

    def get_dataset_seeds(self, dataset: str) -> list[int]:
        """Order numbers of the runs of which the table has single accuracies."""
        return list(range(max(map(len, self._runs(dataset).values()), default=0)))

    def get_total_epoch(self, dataset: str | None = None) -> int:
        """12 or 200."""
        return int(self._hp)

    def get_metrics(
        self, dataset: str, setname: str, iepoch: int | None = None, is_random: bool | int = False
    ) -> Info:
        """``accuracy`` and ``iepoch`` on a set, as of ``TopologyApi.get_more_info``."""
        if setname == "train":
            raise NotInTable(f"{self._table.source} has no results on training images")
        if setname not in SETS[_known(dataset)]:
            raise ValueError(f"no set '{setname}'{nearest(setname, SETS[dataset])}")
        key, _ = SETS[dataset][setname]
        found = self.info(dataset, iepoch, is_random)
        known = {"accuracy": found[f"{key}-accuracy"], "iepoch": int(self._hp) - 1}
        return Info(known, str(self._table.source))

    def get_compute_costs(self, dataset: str) -> dict[str, Any]:
        """``flops`` and ``params`` in millions, ``latency`` and times of training in s."""
        found: dict[str, Any] = {
            item: _plain(self.cost_of(dataset, item)[self.arch_index])
            for item in ("flops", "params")
        }
        total = self._train_time(dataset)
        found["latency"] = self._latency
        found["T-train@epoch"] = None if total is None else total / int(self._hp)
        found["T-train@total"] = total
        return found

    def query(self, dataset: str, seed: int | None = None) -> Any:
        """Order number of a run -> its accuracies by set, or those of one."""
        columns = self._runs(dataset)
        runs = {
            number: {name: values[number] for name, values in columns.items()}
            for number in self.get_dataset_seeds(dataset)
        }
        if seed is None:
            return runs
        if seed not in runs:
            raise NotInTable(_no_seed(self._table, seed))
        return runs[seed]

    def info(self, dataset: str, iepoch: int | None, is_random: bool | int) -> Info:
        """See ``TopologyApi.get_more_info``."""
        last = int(self._hp) - 1
        if iepoch not in (None, last):
            raise NotInTable(
                f"{self._table.source} has no curves: of runs of {self._hp} epochs it knows epoch "
                f"{last} alone (counted from 0), not {iepoch}"
            )
        runs, known, means = self._runs(dataset), {}, []
        if not isinstance(is_random, bool | np.bool_):
            raise NotInTable(_no_seed(self._table, is_random))
        total = self._train_time(dataset)
        if total is not None:
            known["train-per-time"], known["train-all-time"] = total / int(self._hp), total
        # As the official classes draw: one number, whatever is then looked up.
        count = max(map(len, runs.values()), default=0)
        chosen = random.choice(range(count)) if is_random and count else None
        for setname, (key, _) in SETS[dataset].items():
            single = runs.get(setname)
            if chosen is not None and single is not None:
                known[f"{key}-accuracy"] = single[chosen]
            else:
                value = self._mean_or_none(dataset, setname)
                if value is None:
                    continue
                # One run is its own mean; of several the table must have the drawn one.
                if not is_random or self._single():
                    known[f"{key}-accuracy"] = value
                else:
                    means.append(f"{key}-accuracy")
        return Info(known, str(self._table.source), means)

    def mean_of(self, dataset: str, setname: str) -> NDArray[np.float64]:
        """Mean accuracies of all architectures on a set, %, [15625].

        Raises:
            NotInTable: the table lacks them.
        """
        if setname not in SETS[_known(dataset)]:
            raise NotInTable(
                f"{self._table.source} has no accuracies on '{setname}' of runs on {dataset}"
                f"{nearest(setname, SETS[dataset])}"
            )
        name = self._column(dataset, setname)
        if name in self._table.arrays:
            return self._table.column(name).astype(float)
        if f"{name}_seeds" in self._table.arrays:
            seeds = self._table.column(f"{name}_seeds")
            known = np.isfinite(seeds)
            with np.errstate(invalid="ignore"):
                return np.where(known, seeds, 0.0).sum(axis=1) / known.sum(axis=1)
        raise NotInTable(f"{self._table.source} has no column {name}")

    def cost_of(self, dataset: str, item: str) -> NDArray[np.float64]:
        """``params`` or ``flops`` of all architectures, millions, [15625].

        Raises:
            NotInTable: the table lacks them.
        """
        # Both of CIFAR-10's runs are of one network.
        prefix = "cifar10_valid" if _known(dataset) == "cifar10" else COLUMN_PREFIX[dataset]
        for kind in ("reported", "formula"):
            if f"{prefix}__{item}_M_{kind}" in self._table.arrays:
                return self._table.column(f"{prefix}__{item}_M_{kind}").astype(float)
        raise NotInTable(f"{self._table.source} has no {item} of {dataset}")

    def text(self) -> str:
        """What is known, in words."""
        lines = [f"{self.arch_str}", f"index {self.arch_index}, runs of {self._hp} epochs"]
        for dataset in self.get_dataset_names():
            info = self.info(dataset, None, False)
            lines.append(
                f"{dataset:<14} " + ", ".join(f"{key} {value:.3f}" for key, value in info.items())
            )
        return "\n".join(lines)

    def _column(self, dataset: str, setname: str) -> str:
        metric = SETS[_known(dataset)][setname][1]
        return f"{COLUMN_PREFIX[dataset]}__{metric}{HPS[self._hp]}"

    def _mean_or_none(self, dataset: str, setname: str) -> float | None:
        try:
            return _plain(self.mean_of(dataset, setname)[self.arch_index])
        except NotInTable:
            return None

    def _single(self) -> bool:
        """Whether a mean may stand for a drawn run: there is one run, or no way to tell them."""
        return self._hp == "12" or self._number_of_runs() == 1

    def _number_of_runs(self) -> int:
        if "n_seeds" not in self._table.arrays:
            return 1
        return int(self._table.column("n_seeds")[self.arch_index])

    def _runs(self, dataset: str) -> dict[str, list[float]]:
        """Evaluated set -> accuracy of each run, where the table has them."""
        found = {}
        for setname in SETS[_known(dataset)]:
            name = f"{self._column(dataset, setname)}_seeds"
            if name not in self._table.arrays:
                name += "_derived"
            if name in self._table.arrays:
                values = self._table.column(name)[self.arch_index]
                values = values[np.isfinite(values)]
                if len(values):
                    found[setname] = values.tolist()
        return found

    def _train_time(self, dataset: str) -> float | None:
        """Seconds of a whole run, None where the table does not say."""
        scaled = "cifar100.train_time_s" in self._table.notes  # the benchmark's own estimates
        prefix, factor = COLUMN_PREFIX[_known(dataset)], 1.0
        name = f"{prefix}__train_time_200ep_s"
        if dataset == "cifar10" and scaled and name not in self._table.arrays:
            name, factor = "cifar10_valid__train_time_200ep_s", 2.0  # twice as many images
        if self._hp == "12":
            if not scaled:
                return None
            factor *= 12 / 200  # every epoch of theirs takes the same time
        if name not in self._table.arrays:
            return None
        return _plain(factor * self._table.column(name)[self.arch_index])


def _known(dataset: str) -> str:
    if dataset not in SETS:
        raise ValueError(f"invalid data set '{dataset}'{nearest(dataset, SETS)}")
    return dataset


def _plain(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _no_seed(table: Table, seed: Any) -> str:
    return (
        f"{table.source} tells runs apart by their order, not by seeds such as {seed}: take "
        "is_random=True (any run), False (the mean), or Table.seeds(arch)"
    )
