"""From the official packages' results of single training runs to a table's columns.

NAS-Bench-201's and NATS-Bench's files hold, for each architecture and number of epochs, the state
of one ``ArchResults``: a dict with ``arch_str``, ``dataset_seed`` (data set -> seeds) and
``all_results``, a dict from (data set, seed) to the state of a ``ResultsCount``: ``epochs``,
``eval_acc1es`` (``"x-valid@199"`` -> %), ``train_times`` (epoch -> s), ``params`` and ``flop``
(both in millions). Sources: nas_201_api 2.1, nats_bench 1.8.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables.columns import COLUMN_PREFIX, Array

#: The benchmark's data set -> metric -> its name of the evaluation set. CIFAR-10's validation
#: accuracy is that of the run on half of the training images, its test accuracy that on all.
_SETS = {
    "cifar10-valid": {"val": "x-valid"},
    "cifar10": {"test": "ori-test"},
    "cifar100": {"val": "x-valid", "test": "x-test", "valtest": "ori-test"},
    "ImageNet16-120": {"val": "x-valid", "test": "x-test", "valtest": "ori-test"},
}
#: CIFAR-10 has one row of costs, that of the run on half of the images.
_COSTS = ("cifar10-valid", "cifar100", "ImageNet16-120")

#: Training runs of one architecture; the benchmark has three.
_MOST_SEEDS = 100
#: What of a training run's state is made use of.
_KEPT = frozenset({"epochs", "eval_acc1es", "flop", "params", "train_times"})

#: One cost of an architecture from its runs' values and their seeds.
Costs = Callable[[Sequence[float], Sequence[int]], float]


class Gatherer:
    """Collects architectures one by one; :meth:`arrays` gives the columns.

    Args:
        cost: how the values of several seeds become one, for parameters and FLOPs.
    """

    def __init__(self, *, cost: Costs) -> None:
        self._cost = cost
        self._columns: dict[str, Array] = {}
        self._seeds = np.zeros(nb201.SIZE, dtype=np.int8)

    def add(self, index: int, full: Mapping[str, Any], short: Mapping[str, Any] | None) -> None:
        """Add the ``ArchResults`` states of one architecture, of 200 epochs and of 12.

        Raises:
            KeyError, TypeError, ValueError: a state lacks something or is built differently.
        """
        for dataset, sets in _SETS.items():
            runs = _runs(full, dataset)
            self._seeds[index] = max(int(self._seeds[index]), len(runs))
            prefix = COLUMN_PREFIX[dataset]
            for metric, name in sets.items():
                values = [_last(run, name) for _, run in runs]
                self._put_seeds(f"{prefix}__{metric}_seeds", index, values)
                if metric != "valtest":
                    self._put(f"{prefix}__{metric}", index, _mean(values))
                    if short is not None:
                        early = [_last(run, name) for _, run in _runs(short, dataset)]
                        self._put(f"{prefix}__{metric}_ep12", index, _mean(early))
            if runs and dataset in _COSTS:
                self._put_costs(prefix, index, runs)

    def arrays(self) -> dict[str, Array]:
        """The columns that have any value, and ``n_seeds`` [15625]."""
        kept = {name: values for name, values in self._columns.items() if np.isfinite(values).any()}
        return {**kept, "n_seeds": self._seeds}

    def _put_costs(self, prefix: str, index: int, runs: Sequence[tuple[int, Any]]) -> None:
        seeds = [seed for seed, _ in runs]
        for metric, key in (("params_M_reported", "params"), ("flops_M_reported", "flop")):
            values = [_number(run.get(key)) for _, run in runs]
            self._put(f"{prefix}__{metric}", index, self._cost(values, seeds))
        totals = [_total(run.get("train_times")) for _, run in runs]
        self._put(f"{prefix}__train_time_200ep_s", index, _mean(totals))

    def _put(self, name: str, index: int, value: float) -> None:
        if name not in self._columns:
            self._columns[name] = np.full(nb201.SIZE, np.nan)
        self._columns[name][index] = value

    def _put_seeds(self, name: str, index: int, values: Sequence[float]) -> None:
        column = self._columns.get(name, np.full((nb201.SIZE, 3), np.nan))
        if len(values) > column.shape[1]:
            wider = np.full((nb201.SIZE, len(values)), np.nan)
            wider[:, : column.shape[1]] = column
            column = wider
        column[index, : len(values)] = values
        self._columns[name] = column


def mean_cost(values: Sequence[float], seeds: Sequence[int]) -> float:
    """The mean over the runs, as nas_201_api gives it."""
    return _mean(values)


def agreed_cost(values: Sequence[float], seeds: Sequence[int]) -> float:
    """The mean over the runs or, where they disagree, that of seed 888, as nats_bench gives it."""
    if len({f"{value:.5f}" for value in values}) > 1 and 888 in seeds:
        return values[list(seeds).index(888)]
    return _mean(values)


def slim(state: dict[Any, Any]) -> int:
    """Keep of one training run's state only what columns are made of.

    A reader of large files asks this of each dict as soon as it is read: the curves of all runs
    together are tens of gigabytes. Returns how many values it went through, 0 for another dict.
    """
    if "eval_acc1es" not in state or "epochs" not in state:
        return 0
    last = f"@{int(state['epochs']) - 1}"
    accuracies, times = state["eval_acc1es"], state.get("train_times") or {}
    looked_at = 1 + len(accuracies) + len(times)
    state["eval_acc1es"] = {name: accuracies[name] for name in accuracies if name.endswith(last)}
    if times:
        state["train_times"] = {"all": _total(times)}
    for name in state.keys() - _KEPT:
        del state[name]
    return looked_at


def _total(times: Mapping[Any, Any] | None) -> float:
    """Seconds of all epochs; NaN where they were not recorded."""
    return math.fsum(map(_number, times.values())) if times else math.nan


def _runs(state: Mapping[str, Any], dataset: str) -> list[tuple[int, Mapping[str, Any]]]:
    seeds = state["dataset_seed"].get(dataset, ())
    if len(seeds) > _MOST_SEEDS:
        raise ValueError(f"{len(seeds)} training runs on {dataset}")
    return [(int(seed), state["all_results"][dataset, seed]) for seed in seeds]


def _last(run: Mapping[str, Any], name: str) -> float:
    """The accuracy after the last epoch, NaN where the run was not evaluated on this set."""
    return _number(run["eval_acc1es"].get(f"{name}@{int(run['epochs']) - 1}"))


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan
