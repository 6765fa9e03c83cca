"""What a table has no value of, and why."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables.columns import METRICS, Source, column_for


class MissingFields:
    """The missing fields of a table's records.

    Args:
        source: what a reader found.
        recorded: the data sets that a record has.
        path: of the table, for messages.
    """

    def __init__(self, source: Source, *, recorded: Sequence[str], path: Path) -> None:
        self._source, self._recorded, self._name = source, recorded, path.name

    @cached_property
    def complete(self) -> bytes:
        """For each architecture, 1 if every field is known, else 0."""
        complete = np.ones(nb201.SIZE, dtype=bool)
        for _, _, column in self._fields:
            complete &= False if column is None else np.isfinite(self._source.arrays[column])
        return complete.tobytes()

    def of(self, index: int, *, present: bool) -> dict[str, str]:
        """Each field of an architecture's record that is None -> why.

        Args:
            index: the architecture's.
            present: whether the table has any accuracy of it.
        """
        why = {}
        for dataset, item, column in self._fields:
            if column is None:
                why[f"{dataset}.{item}"] = self.why_absent(dataset, item)
            elif np.isnan(self._source.arrays[column][index]):
                why[f"{dataset}.{item}"] = (
                    f"{self._name} has no {column} of architecture {index}"
                    if present
                    else f"architecture {index} is not in {self._name}"
                )
        return why

    def absent(self) -> dict[str, str]:
        """Each field that no architecture has -> why."""
        return {
            f"{dataset}.{item}": self.why_absent(dataset, item)
            for dataset, item, column in self._fields
            if column is None
        }

    def why_absent(self, dataset: str, item: str) -> str:
        """Why a field has no column."""
        wanted = " or ".join(f"{dataset}__{metric}" for metric in METRICS[item])
        return self._source.missing.get(f"{dataset}.{item}", f"{self._name} has no column {wanted}")

    @cached_property
    def _fields(self) -> list[tuple[str, str, str | None]]:
        """Data set, field of its record, column that answers it."""
        return [
            (dataset, item, column_for(self._source.arrays, dataset, item))
            for dataset in self._recorded
            for item in METRICS
        ]
