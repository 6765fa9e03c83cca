"""Two methods over seeds, with the statistics that tell a difference from chance.

    python examples/compare_methods.py [FOLDER]

Some ten seconds on one core, and no download. The searches are tiny: the point is the comparison,
not the numbers. Everything is written below FOLDER (compare_methods by default).
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

import naslib_edd
from naslib_edd.report.statistics import difference, smallest_p

METHODS, SEEDS = ("edd_darts", "darts_v1"), range(3)


def accuracies(method: str, folder: Path) -> list[float]:
    """Test accuracies in NB201-Digits, in %, of the cells that the seeds' searches found."""
    config = {
        "optimizer": method,
        "dataset": "digits",
        "out_dir": str(folder / "runs"),
        "threads": 1,
        "search": {"channels": 4, "cells": 1, "epochs": 2, "batch_size": 32, "limit_train": 128},
    }
    table, found = naslib_edd.Table.open("digits"), []
    for seed in SEEDS:
        result = naslib_edd.search(
            {**config, "seed": seed}, force=True, figures=False, console=Console(quiet=True)
        )
        value = table.query(result.index).datasets["digits"].test.value
        assert value is not None  # the table is whole
        found.append(value)
    return found


def main(folder: Path) -> None:
    """Search, compare, and say what the comparison can show at all."""
    samples = [accuracies(method, folder) for method in METHODS]
    for method, values in zip(METHODS, samples, strict=True):
        print(f"{method}: {', '.join(f'{value:.2f}' for value in values)} %")
    between = difference(*samples)
    print(f"difference of the means: {between.mean:+.2f} points")
    print(f"95 % interval: {between.low:+.2f} to {between.high:+.2f}; p = {between.p:.2f}")
    least = smallest_p(len(SEEDS), len(SEEDS))
    print(f"with {len(SEEDS)} seeds each, p is never below {least:.2f}: run four or more")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "compare_methods"))
