"""From the records to the package's table: a column a metric, the values of every seed, a card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits_table.card import card, summary
from digits_table.classes import classes
from digits_table.digits import images
from digits_table.records import Records
from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.encoding import EDGES, SKIP, ops_to_index
from naslib_edd.storage.files import write_text
from naslib_edd.tables import Table, compact
from naslib_edd.tables.columns import COSTS, Source
from naslib_edd.tables.locate import built_in, find_table
from naslib_edd.tables.noise import noise, reliability, reliability_of_the_top, spearman
from naslib_edd.tables.random_search import better_than

Values = NDArray[np.float64]
METRICS = ("val", "test", "val_loss", "test_loss")
#: Losses are kept to so many decimals, far below their noise: the file is smaller by it.
_LOSS_DECIMALS = 3


def assemble(
    records: Records, target: Path | None = None, *, for_readme: Path | None = None
) -> Path:
    """Write the table of all complete seeds; beside it what it says about itself, and its card.

    Args:
        records: of the build. Seeds that lack an architecture are left out.
        target: the ``.npz``; the package's own by default.
        for_readme: a Markdown file for noise and reliability alone, if wanted.

    Raises:
        UserError: no seed is complete.
    """
    seeds, values, cpu_seconds = gather(records)
    about = {
        "name": "NB201-Digits",
        **json.loads(records.about.read_text()),
        "images": {name: len(part.labels) for name, part in images().items()},
        "seeds": seeds,
        "trained": len(classes().representatives),
        "core_hours": round(cpu_seconds / 3600, 3),
        **statistics(values),
        "beside_nb201": beside_nb201(values["test"].mean(axis=1)),
    }
    path = target or built_in("digits")
    assert path is not None
    why = "NB201-Digits keeps accuracies and losses, no costs"
    missing = {f"digits.{cost}": why for cost in COSTS}
    source = Source(format="compact", arrays=columns(values, about), missing=missing)
    compact.write(source, path)
    write_text(path.with_suffix(".json"), json.dumps(about, indent=2) + "\n")
    write_text(path.with_name(path.stem.upper() + ".md"), card(about))
    if for_readme is not None:
        write_text(for_readme, summary(about))
    return path


def gather(records: Records) -> tuple[list[int], dict[str, Values], float]:
    """The complete seeds, metric -> values [6466, seeds], and the processor seconds they took.

    Raises:
        UserError: no seed is complete.
    """
    place = {index: row for row, index in enumerate(classes().representatives.tolist())}
    by_seed: dict[int, dict[int, dict[str, Any]]] = {}
    for row in records:
        by_seed.setdefault(row["seed"], {})[place[row["index"]]] = row
    seeds = sorted(seed for seed, rows in by_seed.items() if len(rows) == len(place))
    if not seeds:
        known = {seed: len(rows) for seed, rows in sorted(by_seed.items())}
        raise UserError(
            f"{records.folder} has no complete seed: of {len(place)} trainings each has {known}; "
            "run the build to its end first"
        )
    values = {
        metric: kept(
            metric,
            np.array([[by_seed[seed][row][metric] for seed in seeds] for row in range(len(place))]),
        )
        for metric in METRICS
    }
    rows = [row for seed in seeds for row in by_seed[seed].values()]
    return seeds, values, sum(row["cpu_s"] for row in rows)


def columns(values: dict[str, Values], about: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """The table's arrays, 15,625 rows each: a class's values for every one of its members."""
    of = classes().of
    found: dict[str, NDArray[Any]] = {"about": np.array(json.dumps(about))}
    for metric, single in values.items():
        found[f"digits__{metric}"] = single.mean(axis=1).astype(np.float32)[of]
        found[f"digits__{metric}_seeds"] = single.astype(np.float32)[of]
    return found


def kept(metric: str, values: Values) -> Values:
    """The values as the table keeps them, so that its statistics can be counted again from it."""
    rounded = values.round(_LOSS_DECIMALS) if metric.endswith("loss") else values
    return rounded.astype(np.float32).astype(np.float64)


def statistics(values: dict[str, Values]) -> dict[str, Any]:
    """Noise of each metric over all 15,625 cells, reliability over the trained ones."""
    found: dict[str, Any] = {"noise": {}, "reliability": {}, "reliability_top_half": {}}
    for metric, single in values.items():
        score = -single if metric.endswith("loss") else single
        if single.shape[1] > 1:
            found["noise"][metric] = rounded(noise(score[classes().of])._asdict())
            found["reliability"][metric] = round(reliability(score), 4)
        if single.shape[1] > 2:
            found["reliability_top_half"][metric] = round(reliability_of_the_top(score), 4)
    test = values["test"].mean(axis=1)
    all_skip = classes().of[ops_to_index((SKIP,) * len(EDGES))]
    found["all_skip"] = {
        "test": round(float(test[all_skip]), 2),
        "better_than": round(float(better_than(test, float(test[all_skip]))), 1),
    }
    pairs: Sequence[tuple[str, str]] = (("val", "test"), ("test", "test_loss"))
    found["spearman"] = {
        f"{first}, {second}": round(
            spearman(values[first].mean(axis=1), values[second].mean(axis=1)), 4
        )
        for first, second in pairs
    }
    return found


def beside_nb201(test: Values) -> dict[str, Any] | None:
    """How NAS-Bench-201 ranks the same cells on CIFAR-10, where its table is at hand; else None.

    Args:
        test: mean accuracies of the trained architectures. [6466]

    Returns:
        Spearman's correlation with the test accuracy on CIFAR-10 over all trained architectures
        (``all``), and inside the better half of either table (``top_half_here``,
        ``top_half_there``).
    """
    path = find_table()
    nb201 = None if path is None else Table.open(path).accuracies.get("cifar10__test")
    if nb201 is None:
        return None
    there = np.asarray(nb201, dtype=np.float64)[classes().representatives]
    halves = {
        "all": np.isfinite(there),
        "top_half_here": test >= np.median(test),
        "top_half_there": there >= np.median(there),
    }
    return rounded({name: spearman(test[half], there[half]) for name, half in halves.items()})


def rounded(numbers: dict[str, Any]) -> dict[str, Any]:
    """The numbers to four decimals."""
    return {name: round(number, 4) for name, number in numbers.items()}
