"""Two tables beside each other, cell by cell: the built-in one against a user's official file."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from naslib_edd.errors import UserError
from naslib_edd.tables.columns import is_column
from naslib_edd.tables.table import Table

#: More than sums of floats in another order differ, far less than one image right or wrong.
TOLERANCE = 1e-6
#: Columns under another name elsewhere: the official files have the runs' own test accuracies.
_OTHERWISE = {"test_seeds_derived": "test_seeds"}


class Comparison(NamedTuple):
    """One column of two tables.

    cells: known in both. identical: to the last bit. different: by more than :data:`TOLERANCE`.
    only_here, only_there: cells that one table alone knows. largest: the greatest difference.
    at: the architecture that has it.
    """

    column: str
    cells: int
    identical: int
    different: int
    only_here: int
    only_there: int
    largest: float
    at: int | None


def compare(here: Table, there: Table) -> list[Comparison]:
    """Every column that both have.

    Raises:
        UserError: they have none in common.
    """
    found = [
        _compare(here, there, name, other)
        for name in here.columns
        if (other := _name_in(there, name)) is not None
    ]
    if not found:
        raise UserError(f"{here.source} and {there.source} have no column in common")
    return found


def _name_in(table: Table, name: str) -> str | None:
    if name in table.arrays:
        return name
    dataset, _, metric = name.partition("__")
    other = f"{dataset}__{_OTHERWISE.get(metric, metric)}"
    return other if other in table.arrays and is_column(other) else None


def _compare(here: Table, there: Table, name: str, other: str) -> Comparison:
    ours, theirs = here.column(name).astype(float), there.column(other).astype(float)
    if ours.ndim == 2 and theirs.ndim == 2:
        width = max(ours.shape[1], theirs.shape[1])
        ours, theirs = (
            np.pad(each, ((0, 0), (0, width - each.shape[1])), constant_values=np.nan)
            for each in (ours, theirs)
        )
    if ours.shape != theirs.shape:
        raise UserError(f"the column {name} has the shapes {ours.shape} and {theirs.shape}")
    known, only_here = np.isfinite(ours), np.isfinite(ours) & ~np.isfinite(theirs)
    both, only_there = known & np.isfinite(theirs), ~known & np.isfinite(theirs)
    # An architecture that the other table does not have at all is no difference.
    rows = np.isfinite(theirs.reshape(len(theirs), -1)).any(axis=1)
    differences = np.where(both, np.abs(ours - theirs), 0.0).reshape(len(ours), -1)
    largest = float(differences.max())
    return Comparison(
        column=name,
        cells=int(both.sum()),
        identical=int((both & (ours == theirs)).sum()),
        different=int((differences > TOLERANCE).sum()),
        only_here=int(only_here[rows].sum()),
        only_there=int(only_there.sum()),
        largest=largest,
        at=int(differences.max(axis=1).argmax()) if largest > 0 else None,
    )
