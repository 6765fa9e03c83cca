"""A whole table as a pandas DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import names
from naslib_edd.tables.columns import COSTS, column_for, seeds_column
from naslib_edd.tables.ranking import rank_and_regret

if TYPE_CHECKING:
    from pandas import DataFrame

    from naslib_edd.tables.values import Values


def frame(table: Values, *, seeds: bool = False) -> DataFrame:
    """A row an architecture, by index.

    ``arch_str``; ``op_1_0`` … ``op_3_2``, the operation's name of each edge (target, source); of
    each data set ``<dataset>_val``, ``…_test`` (%), ``…_val_rank``, ``…_test_rank`` (1 is best),
    ``…_params_M``, ``…_flops_M``, ``…_train_time_s``. What the table does not know is NaN (a rank:
    <NA>); what it has nothing of is left out.

    Args:
        table: the table.
        seeds: the single runs, too: ``<dataset>_val_seed0``, ….

    Raises:
        UserError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise UserError("a DataFrame needs pandas: pip install pandas") from error
    ops = nb201.all_ops()
    columns: dict[str, Any] = {"arch_str": [names.str_of(tuple(row)) for row in ops.tolist()]}
    for edge, (source, target) in enumerate(nb201.EDGES):
        columns[f"op_{target}_{source}"] = pd.Categorical.from_codes(
            ops[:, edge], categories=list(nb201.OPERATIONS)
        )
    for accuracy, values in table.accuracies.items():
        dataset, _, split = accuracy.partition("__")
        ranks, _ = rank_and_regret(values)
        columns[f"{dataset}_{split}"] = values
        columns[f"{dataset}_{split}_rank"] = pd.array(np.where(ranks > 0, ranks, 1), dtype="Int64")
        columns[f"{dataset}_{split}_rank"][ranks == 0] = pd.NA
        column = seeds_column(table.arrays, dataset, split) if seeds else None
        if column is not None:
            for seed, each in enumerate(table.column(column).T):
                columns[f"{dataset}_{split}_seed{seed}"] = each
    for dataset in table.datasets:
        for cost in COSTS:
            column = column_for(table.arrays, dataset, cost)
            if column is not None:
                columns[f"{dataset}_{cost}"] = table.column(column)
    return pd.DataFrame(columns, index=pd.RangeIndex(nb201.SIZE, name="index"))
