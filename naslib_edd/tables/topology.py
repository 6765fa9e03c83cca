"""The calls of ``nats_bench``' topology API and of ``nas_201_api.NASBench201API``, over any table.

>>> api = TopologyApi("nb201")
>>> api.get_more_info(6111, "cifar10", hp="200", is_random=False)["test-accuracy"]
94.37...

Code that was written for either runs on it: the same methods and arguments (both packages' names
of ``find_best``'s limits), the same data sets (``cifar10-valid``, ``cifar10``, ``cifar100``,
``ImageNet16-120``), keys and units, and the same draws from Python's ``random``.

A table has accuracies after the last epoch, not the losses, training accuracies and curves of the
official files: asking for one raises :class:`NotInTable`, which says so. It is a ``KeyError`` and
a ``ValueError``, as the official classes raise them. Some things differ from the official files:

- A run's training time is the mean over the runs (the benchmark's own are equal), and an evaluation
  takes no time: :meth:`~TopologyApi.simulate_train_eval` counts training alone, and warns once.
- Runs are told apart by their order; their seeds' numbers are not in a table. Of the runs of 12
  epochs a table has the mean, and a drawn one is that.
"""

from __future__ import annotations

import os
import warnings
from functools import cached_property
from typing import Any

import numpy as np

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import names
from naslib_edd.tables.columns import COLUMN_PREFIX
from naslib_edd.tables.table import Table
from naslib_edd.tables.topology_archs import Architectures
from naslib_edd.tables.trials import HPS, Info, NotInTable, Trials

__all__ = ["NotInTable", "TopologyApi"]

_SEARCHED = ("cifar10", "cifar100", "ImageNet16-120")
#: Name of a set in ``find_best`` -> (training run, evaluated set).
_SETS = {
    ("cifar10", "valid"): ("cifar10-valid", "x-valid"),
    ("cifar10", "test"): ("cifar10", "ori-test"),
    ("cifar100", "valid"): ("cifar100", "x-valid"),
    ("cifar100", "test"): ("cifar100", "x-test"),
    ("ImageNet16-120", "valid"): ("ImageNet16-120", "x-valid"),
    ("ImageNet16-120", "test"): ("ImageNet16-120", "x-test"),
}


class TopologyApi(Architectures):
    """See the module.

    Args:
        table: a table, its path, or ``"nb201"``.
        verbose: taken for compatibility; nothing is printed.
        device: whose latency ``get_latency`` gives, in s; without one it is None, as in the
            official classes where none was measured.
        latencies: path of the table that has it, see :meth:`Table.latencies`.

    Raises:
        UserError: no such table, or it has none of NAS-Bench-201's data sets.
    """

    search_space_name, is_topology, is_size = "topology", True, False
    full_train_epochs, fast_mode, archive_dir = 200, False, None

    def __init__(
        self,
        table: Table | str | os.PathLike[str] = "nb201",
        *,
        verbose: bool = False,
        device: str | None = None,
        latencies: str | os.PathLike[str] | None = None,
    ) -> None:
        self.table = table if isinstance(table, Table) else Table.open(table)
        self.verbose, self.filename = verbose, self.table.source.name
        self._latency = None if device is None else self.table.latencies(latencies).of(device)
        if not any(name.startswith(tuple(COLUMN_PREFIX.values())) for name in self.table.columns):
            raise UserError(f"{self.table.source} has none of NAS-Bench-201's data sets")
        self._used_time, self._warned = 0.0, False

    @cached_property
    def evaluated_indexes(self) -> list[int]:
        """Indices that the table has any accuracy of."""
        present = np.zeros(nb201.SIZE, dtype=bool)
        for values in self.table.accuracies.values():
            present |= np.isfinite(values)
        found: list[int] = np.flatnonzero(present).tolist()
        return found

    @property
    def avaliable_hps(self) -> list[str]:
        """Numbers of epochs that the table has runs of (spelt as the official classes do)."""
        short = any(name.endswith("_ep12") for name in self.table.columns)
        return ["12", "200"] if short else ["200"]

    def __repr__(self) -> str:
        return (
            f"TopologyApi({len(self.evaluated_indexes)}/{len(self)} architectures, "
            f"file={self.filename})"
        )

    def get_more_info(
        self,
        index: Any,
        dataset: str,
        iepoch: int | None = None,
        hp: str = "12",
        is_random: bool | int = True,
    ) -> Info:
        """Accuracies and training time of an architecture's runs on a data set.

        Args:
            index: the architecture, in any form.
            dataset: ``cifar10-valid``, ``cifar10``, ``cifar100`` or ``ImageNet16-120``.
            iepoch: None, or the last epoch (counted from 0).
            hp: ``"12"`` or ``"200"``: the runs of so many epochs.
            is_random: True: one run, drawn by Python's ``random``; False: the mean over runs.

        Raises:
            NotInTable: of a key, when it is asked for; of another epoch; of a seed's number.
            ValueError: an unknown data set or number of epochs.
        """
        return self._trials(index, hp).info(dataset, iepoch, is_random)

    def get_cost_info(self, index: Any, dataset: str, hp: str = "12") -> dict[str, Any]:
        """``flops``, ``params`` (millions), ``latency`` (s or None), and training times in s."""
        return self._trials(index, hp).get_compute_costs(dataset)

    def get_latency(self, index: Any, dataset: str, hp: str = "12") -> float | None:
        """Seconds, or None where no device was named."""
        found: float | None = self.get_cost_info(index, dataset, hp)["latency"]
        return found

    @property
    def used_time(self) -> float:
        """Seconds that :meth:`simulate_train_eval` has counted."""
        return self._used_time

    def reset_time(self) -> None:
        """Count from 0 again."""
        self._used_time = 0.0

    def simulate_train_eval(
        self,
        arch: Any,
        dataset: str,
        iepoch: int | None = None,
        hp: str = "12",
        account_time: bool = True,
    ) -> tuple[float, float | None, float, float]:
        """Validation accuracy of one run, latency, time of its training, time counted so far.

        Raises:
            ValueError: an unknown data set.
            NotInTable: the table lacks the accuracy or the time.
        """
        if dataset not in _SEARCHED:
            raise ValueError(f"invalid data set {dataset!r}; choose one of {', '.join(_SEARCHED)}")
        if not self._warned:
            self._warned = True
            warnings.warn(
                "the table has no times of evaluations: simulate_train_eval counts training alone",
                stacklevel=2,
            )
        run = "cifar10-valid" if dataset == "cifar10" else dataset
        info = self.get_more_info(arch, run, iepoch=iepoch, hp=hp, is_random=True)
        accuracy, seconds = info["valid-accuracy"], info["train-all-time"]
        if account_time:
            self._used_time += seconds
        return accuracy, self.get_latency(arch, run, hp), seconds, self._used_time

    def find_best(
        self,
        dataset: str,
        metric_on_set: str,
        flop_max: float | None = None,
        param_max: float | None = None,
        hp: str = "12",
        enforce_all: bool | None = None,
        *,
        FLOP_max: float | None = None,  # nas_201_api's names
        Param_max: float | None = None,
    ) -> tuple[int, float | None]:
        """Index and accuracy of the best mean over runs, of those within the limits; −1 for none.

        Args:
            dataset: as of :meth:`get_more_info`.
            metric_on_set: ``"valid"``, ``"test"``, or the benchmark's ``"x-valid"``, ….
            flop_max: at most so many FLOPs, in millions, of what the table's file says.
            param_max: at most so many parameters, in millions.
            FLOP_max: another name of ``flop_max``.
            Param_max: another name of ``param_max``.
            hp: as of :meth:`get_more_info`.
            enforce_all: taken for compatibility.

        Raises:
            NotInTable: the table lacks that accuracy or a cost.
        """
        flop_max = FLOP_max if flop_max is None else flop_max
        param_max = Param_max if param_max is None else param_max
        run, name = _SETS.get((dataset, metric_on_set), (dataset, metric_on_set))
        runs = self._trials(0, hp)
        values = runs.mean_of(run, name).copy()
        for item, bound in (("flops", flop_max), ("params", param_max)):
            if bound is not None:
                with np.errstate(invalid="ignore"):
                    values[~(runs.cost_of(run, item) <= bound)] = np.nan
        if np.isnan(values).all():
            return -1, None
        best = int(np.nanargmax(values))
        return best, float(values[best])

    def query_meta_info_by_index(self, arch_index: int, hp: str = "12") -> Trials:
        """All runs of an architecture, with ``ArchResults``' methods as far as a table goes."""
        return self._trials(arch_index, hp)

    def query_by_index(self, arch_index: int, dataname: str | None = None, hp: str = "12") -> Any:
        """The same, or with a data set its runs: order number -> accuracies by set."""
        found = self._trials(arch_index, hp)
        return found if dataname is None else found.query(dataname)

    def query_info_str_by_arch(self, arch: Any, hp: str = "12") -> str:
        """What the table knows of an architecture, in words."""
        return self._trials(arch, hp).text()

    def query_by_arch(self, arch: Any, hp: str = "12") -> str:
        """The same, as older versions call it."""
        return self.query_info_str_by_arch(arch, hp)

    def show(self, index: int = -1) -> None:
        """Print what is known of an architecture, or of every one that was evaluated."""
        for each in self.evaluated_indexes if index < 0 else [index]:
            for hp in self.avaliable_hps:
                print(self.query_info_str_by_arch(each, hp))

    def get_net_config(self, index: Any, dataset: str) -> dict[str, Any]:
        """What makes the network: for AutoDL's ``get_cell_based_tiny_net``."""
        classes = {"cifar100": 100, "ImageNet16-120": 120}.get(dataset, 10)
        return {
            "name": "infer.tiny", "C": 16, "N": 5,
            "arch_str": self.meta_archs[names.index_of(index)], "num_classes": classes,
        }  # fmt: skip

    def get_net_param(self, index: Any, dataset: str, seed: int | None, hp: str = "12") -> Any:
        """Refused: no table has trained weights."""
        raise NotInTable("the table has no trained weights; the benchmark's full archive has")

    def clear_params(self, index: int, hp: str | None = None) -> None:
        """Nothing: there are no weights to free."""

    def reload(self, archive_root: str | None = None, index: int | None = None) -> None:
        """Nothing: the table is whole."""

    def _trials(self, arch: Any, hp: str) -> Trials:
        if str(hp) not in HPS:
            raise ValueError(f"no runs of {hp} epochs; there are those of {', '.join(HPS)}")
        index = self.query_index_by_arch(arch)
        if index < 0:
            raise ValueError(f"{arch!r} is no architecture of the space")
        latency = None if self._latency is None else float(self._latency[index]) / 1000
        return Trials(self.table, index, str(hp), latency=latency)
