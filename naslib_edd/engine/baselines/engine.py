"""A search by look-ups alone, with the interface that the loop uses of an engine.

A step is one look-up of a validation accuracy. The look-ups follow from the seed and the table, so
the state is how many were made: a resumed search makes them again, at no cost, and goes on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from naslib_edd import spaces
from naslib_edd.config.settings import Config
from naslib_edd.data import SearchData
from naslib_edd.data.sampling import stable_seed
from naslib_edd.engine.baselines.local_search import local_search
from naslib_edd.engine.baselines.random_search import Proposals, random_search
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.supernet.layers import Statistics
from naslib_edd.tables import Table
from naslib_edd.tables.columns import dataset_name

_STRATEGIES = {"random_search": random_search, "local_search": local_search}


class NoMeters:
    """In the place of the meters: there is no loss to show."""

    def means(self) -> dict[str, None]:
        """No training loss."""
        return {"train_loss": None}


class TableSearch:
    """The state of a floor.

    Args:
        config: a checked config whose ``search.strategy`` is a floor.
        table: the table that is asked.

    Attributes:
        data: None: a floor needs no images.
        queries: look-ups in all.
        asked: the indices looked up so far, in order.
        best: the index of the best of them, the first of equals.

    Raises:
        UserError: there is no table, or it has no validation accuracy of the data set.
    """

    data: SearchData | None = None
    device = torch.device("cpu")

    def __init__(self, *, config: Config, table: Table | None) -> None:
        search = config.search
        if table is None:
            raise DataMissing(
                f"{config.optimizer} looks architectures up in a benchmark table, and none was "
                "found: name one with --table PATH or set NASLIB_EDD_TABLE (`naslib-edd doctor` "
                "says which files will do)"
            )
        self.config, self.table = config, table
        self.space = spaces.get(config.search_space)
        values = _validation(table, config.dataset)
        if values is None:
            raise UserError(
                f"{config.optimizer} asks for validation accuracies of {config.dataset}, and "
                f"{table.source} has none (it is of {', '.join(table.datasets)}): name another "
                "table with --table PATH, or another dataset="
            )
        #: what the table says, % [15625]; where it says nothing, the worst
        self._values = np.where(np.isnan(values), -np.inf, values.astype(float))
        self.meters = NoMeters()
        #: how many architectures there are of the operations that take part
        self.size = int(self.space.made_of(search.columns_in(self.space.layout)).sum())
        wanted = search.epochs if search.queries is None else search.queries
        self.queries = min(wanted, self.size)
        self.epochs = search.epochs
        #: epochs done, and look-ups of the epoch under way
        self.epoch, self.step = 0, 0
        self._begin()

    @property
    def steps(self) -> int:
        """Look-ups of the epoch under way: the same in each, or one more in the first ones."""
        share, rest = divmod(self.queries, self.epochs)
        return share + (self.epoch < rest)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.epochs

    def run_step(self) -> None:
        """One look-up."""
        self._ask()
        self.step += 1

    def check_finite(self) -> None:
        """Nothing is trained, so nothing diverges."""

    def end_epoch(self) -> dict[str, Any]:
        """Close the epoch; its record: the best architecture so far."""
        self.epoch, self.step = self.epoch + 1, 0
        return {
            "epoch": self.epoch,
            "queries": len(self.asked),
            "steered_by": "table",
            "query_val_acc": float(self._values[self.best]),
            **self.space.row(self.space.numbered(self.best)),
        }

    def eval_statistics(self) -> list[Statistics]:
        """None: there is no network to measure."""
        return []

    def about(self) -> list[str]:
        """What is about to run, in words."""
        config = self.config
        return [
            f"{config.optimizer} on {config.search_space}, {config.dataset}: {self.queries} "
            f"look-ups over {self.epochs} epochs, seed {config.seed}; no network, no images"
            + (f"; going on after epoch {self.epoch}" if self.epoch or self.step else ""),
            f"table: {self.table.source} ({len(self.table)} architectures): its validation "
            f"accuracy of {config.dataset} steers this search",
        ]

    def state_dict(self) -> dict[str, Any]:
        """How far it is, and what it was told, by which another table is recognised."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "asked": torch.tensor(self.asked, dtype=torch.int64),
            "told": torch.tensor(self._values[self.asked], dtype=torch.float64),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`.

        Raises:
            UserError: the table answers otherwise than it did before.
        """
        self._begin()
        for _ in range(len(state["asked"])):
            self._ask()
        now = self.state_dict()
        if not all(torch.equal(now[key], state[key].cpu()) for key in ("asked", "told")):
            raise UserError(
                f"{self.table.source} answers otherwise than the table that this run began with; "
                "--resume with that one, or start over with --force"
            )
        self.epoch, self.step = state["epoch"], state["step"]

    def _begin(self) -> None:
        search = self.config.search
        random = np.random.default_rng(stable_seed(self.config.seed, search.strategy))
        self._proposals: Proposals = _STRATEGIES[search.strategy](
            random, search.columns_in(self.space.layout), space=self.space
        )
        self.asked: list[int] = []
        self.best = -1
        self._next = next(self._proposals)

    def _ask(self) -> None:
        index = self._next
        self.asked.append(index)
        value = float(self._values[index])
        if self.best < 0 or value > self._values[self.best]:
            self.best = index
        if len(self.asked) < self.size:
            self._next = self._proposals.send(value)


def _validation(table: Table, dataset: str) -> NDArray[np.floating[Any]] | None:
    """The table's validation accuracies of a data set by any of its names, [15625], if any."""
    try:
        values = table.accuracies.get(f"{dataset_name(dataset, table.datasets)}__val")
    except UserError:
        return None
    return None if values is None or np.isnan(values).all() else values
