r"""Our training beside the table's: architectures of NAS-Bench-201, by its 12-epoch recipe.

Architectures at even ranks of the table's own 12-epoch test accuracies on CIFAR-10 are trained by
``naslib-edd retrain`` (recipe ``nb201_12``, smaller as the options say), and set beside the table:
rank correlations and differences. Each run is a folder that a stopped program goes on with; the
summary is written anew after each.

    python benchmarks/circle.py --out runs/circle --table nb201 --data cifar10.npz \
        --data-note "CIFAR-10 (JPEG)" channels=16 cells=1 limit_train=10000
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from retrained import about, exit_code, options_of, retrained, title
from scipy import stats

from naslib_edd.errors import UserError
from naslib_edd.storage.files import write_text
from naslib_edd.tables import Table
from naslib_edd.tables.locate import find_table

#: The table's accuracies: test images, after 12 epochs on all training images, one seed.
COLUMN = "cifar10__test_ep12"
RECIPE = "nb201_12"


def spread(values: NDArray[np.float64], count: int) -> list[int]:
    """Indices at even ranks, from low to high, in an order whose beginnings are spread, too.

    >>> spread(np.array([3.0, 1.0, 2.0, 4.0]), 2)
    [2, 3]
    """
    order = np.argsort(values, kind="stable")
    places = ((np.arange(count) + 0.5) / count * len(values)).astype(int)
    chosen = [int(order[place]) for place in places]
    return [chosen[number] for number in _halving(count)]


def _halving(count: int) -> list[int]:
    """0 … count-1: the ends of halves first. Short beginnings then cover the whole range."""
    parts = [np.arange(count)]
    found: list[int] = []
    while parts:
        part = parts.pop(0)
        if len(part):
            middle = len(part) // 2
            found.append(int(part[middle]))
            parts += [part[:middle], part[middle + 1 :]]
    return found


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Correlations and differences of our accuracies and the table's; null below three rows."""
    ours, theirs = (np.array([row[key] for row in rows]) for key in ("ours", "table"))
    several = len(rows) >= 3
    return {
        "architectures": len(rows),
        "spearman": float(stats.spearmanr(ours, theirs).statistic) if several else None,
        "kendall": float(stats.kendalltau(ours, theirs).statistic) if several else None,
        "mean_difference": float(np.mean(ours - theirs)) if len(rows) else None,
        "largest_difference": float(np.abs(ours - theirs).max()) if len(rows) else None,
    }


def markdown(rows: Sequence[dict[str, Any]], found: dict[str, Any], heading: str) -> str:
    """The table, from the table's best to its worst."""
    lines = [
        heading,
        "",
        "| index | table, 12 epochs | ours | difference | seconds |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in sorted(rows, key=lambda row: -row["table"]):
        difference = row["ours"] - row["table"]
        lines.append(
            f"| {row['index']} | {row['table']:.2f} | {row['ours']:.2f} | {difference:+.2f} | "
            f"{row['seconds']:.0f} |"
        )
    lines += ["", f"{found['architectures']} architectures."]
    if found["spearman"] is not None:
        lines[-1] += (
            f" Spearman {found['spearman']:.3f}, Kendall {found['kendall']:.3f}; mean difference "
            f"{found['mean_difference']:+.2f}, largest {found['largest_difference']:.2f}."
        )
    return "\n".join(lines) + "\n"


def run(options: argparse.Namespace) -> None:
    """Train what is not trained yet, and write ``circle.json`` and ``circle.md``."""
    path = find_table(None, options.table)
    if path is None:
        raise UserError("no table: give --table nb201")
    values = Table.open(path).column(COLUMN)
    out = Path(options.out)
    rows: list[dict[str, Any]] = []
    for index in spread(values, options.architectures):
        result = retrained(
            str(index), RECIPE, options.overrides, out=out / str(index), data=options.data
        )
        rows.append(
            {
                "index": index,
                "arch_str": result["arch_str"],
                "table": float(values[index]),
                "ours": result["test_acc"],
                "seconds": result["seconds"],
            }
        )
        found = summary(rows)
        shared = about(result, options.data_note)
        text = json.dumps({**shared, "column": COLUMN, **found, "rows": rows}, indent=2)
        told = markdown(rows, found, title(shared))
        write_text(out / "circle.json", text + "\n")
        write_text(out / "circle.md", told)
        print(told, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; errors for people go to standard error."""
    parser = options_of(__doc__)
    parser.add_argument("--table", default="nb201", metavar="PATH")
    parser.add_argument("--architectures", type=int, default=10, metavar="N")
    options = parser.parse_args(arguments)
    return exit_code("circle", lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
