r"""The final cells of finished searches in a second table that nobody of the first one made.

    python benchmarks/replication.py FOLDER

FOLDER holds runs whose records have NAS-Bench-201's test accuracy on CIFAR-10. It writes
FOLDER/analog.md and FOLDER/analog.json: by method, the mean of that, of analog-nasbench's digital
baseline for the same cells (trained anew by others, on CIFAR-10) and of its accuracy on simulated
analog hardware, and how far the three agree on the order of methods and of cells. It needs
`pip install --no-deps analog-nasbench`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from naslib_edd.errors import UserError
from naslib_edd.report.groups import group_runs, name_among
from naslib_edd.report.runs import load_runs
from naslib_edd.report.table import Spread
from naslib_edd.storage.files import write_text
from naslib_edd.tables import Table

#: What is compared: a name of ours, and the column of the second table.
COLUMNS = {
    "digital": "analog_cifar10__test",
    "analog": "analog_cifar10__test_analog",
}


def replicate(folder: Path, table: Table) -> dict[str, Any]:
    """Every method's final cells in both tables.

    Raises:
        UserError: no finished run there whose cell has NAS-Bench-201's test accuracy.
    """
    runs = [run for run in load_runs([folder]) if run.result is not None]
    if not runs:
        raise UserError(f"{folder} holds no finished run yet")
    groups = group_runs(runs)
    rows: list[dict[str, Any]] = []
    cells: list[dict[str, Any]] = []
    for group in groups:
        found = [_cell(run.last, table) for run in group.runs]
        cells += found
        rows.append({"search": name_among(group, groups), "cells": found})
    rows.sort(key=lambda row: -_mean(row["cells"], "nb201"))
    means = {
        key: [float(np.mean([cell[key] for cell in row["cells"]])) for row in rows] for key in _KEYS
    }
    unique = list({cell["index"]: cell for cell in cells}.values())
    return {
        "rows": rows,
        "methods": {key: _spearman(means["nb201"], means[key]) for key in COLUMNS},
        "cells": {
            key: _spearman([cell["nb201"] for cell in unique], [cell[key] for cell in unique])
            for key in COLUMNS
        },
        "different_cells": len(unique),
    }


_KEYS = ("nb201", *COLUMNS)


def _mean(cells: Sequence[dict[str, Any]], key: str) -> float:
    return float(np.mean([cell[key] for cell in cells]))


def _cell(last: dict[str, Any], table: Table) -> dict[str, Any]:
    try:
        value = float(last["table"]["datasets"]["cifar10"]["test"]["value"])
    except (KeyError, TypeError):
        raise UserError("a run has no C10 test accuracy: name a table for it") from None
    index = int(last["index"])
    return {
        "index": index,
        "nb201": value,
        **{key: float(table.column(column)[index]) for key, column in COLUMNS.items()},
    }


def _spearman(a: Sequence[float], b: Sequence[float]) -> float | None:
    """None where fewer than three values, or no variance, say nothing."""
    if len(a) < 3 or len(set(a)) < 2 or len(set(b)) < 2:
        return None
    return float(spearmanr(a, b).statistic)


def markdown(found: dict[str, Any]) -> str:
    """The table, and how far the tables agree."""
    lines = [
        "| search | n | NAS-Bench-201, C10 test | analog-nasbench, digital | on analog hardware |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for row in found["rows"]:
        spreads = [Spread.over([c[key] for c in row["cells"]]).text(2) for key in _KEYS]
        lines.append(f"| {row['search']} | {len(row['cells'])} | {' | '.join(spreads)} |")
    told = [
        f"{what}: Spearman's rank correlation with NAS-Bench-201 {_told(found[what]['digital'])} "
        f"(digital), {_told(found[what]['analog'])} (analog)"
        for what in ("methods", "cells")
    ]
    return (
        "\n".join(lines)
        + "\n\nThe final cell of each run in both tables, %, mean ± sample standard deviation over "
        + f"n runs. Order of {told[0]}. Order of the {found['different_cells']} different {told[1]}"
        + ".\n"
    )


def _told(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def main() -> int:
    """Exit code 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    try:
        found = replicate(folder, Table.open("analog"))
        text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
        paths = [
            write_text(folder / "analog.md", markdown(found)),
            write_text(folder / "analog.json", text),
        ]
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(*paths, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
