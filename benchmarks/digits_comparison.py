r"""Searches on digits beside random search with as many look-ups, from the records and the table.

    naslib-edd sweep configs/sweeps/digits_6.yaml
    python benchmarks/digits_comparison.py FOLDER

It writes FOLDER/table.md and FOLDER/table.json. Every finished run below FOLDER counts. Accuracies
are looked up in the built-in table anew, by the architectures that the runs ended with. The rows
are in the order of their mean regret.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError
from naslib_edd.report.runs import Run, load_runs
from naslib_edd.storage.files import write_text
from naslib_edd.tables import Table
from naslib_edd.tables.random_search import better_than, chances
from naslib_edd.tables.ranking import rank_and_regret

Values = NDArray[np.floating]
FACTS = ("val", "test", "test_rank", "better_than", "test_regret")


def compare(folder: Path, table: Table) -> dict[str, Any]:
    """A row for each name of runs, and one for random search; each fact's mean and deviation.

    Raises:
        UserError: no finished run, or runs of one name whose lengths are not equal.
    """
    runs = [run for run in load_runs([folder]) if run.result is not None]
    if not runs:
        raise UserError(f"{folder} holds no finished run yet")
    facts = _facts(table)
    lookups = Counter(len(run.rows) for run in runs).most_common(1)[0][0]
    noise = table.noise("digits", "test")
    rows = [
        _row(name, [run for run in runs if run.label == name], facts)
        for name in {run.label for run in runs}
    ]
    rows.append(_random_search(facts, lookups))
    return {
        "table": {
            "seeds": table.about["seeds"],
            "reliability": table.about["reliability"],
            "reliability_top_half": table.about["reliability_top_half"],
            "regret_band": None if noise is None else noise.regret_band,
        },
        "lookups": lookups,
        "rows": sorted(rows, key=lambda row: (row["test_regret"]["mean"], row["name"])),
    }


def _facts(table: Table) -> dict[str, Values]:
    """Each fact of every architecture, [15625]."""
    val, test = (table.column(f"digits__{split}").astype(float) for split in ("val", "test"))
    ranks, regrets = rank_and_regret(test)
    every = (val, test, ranks.astype(float), better_than(test, test), regrets)
    return dict(zip(FACTS, every, strict=True))


def _row(name: str, runs: list[Run], facts: dict[str, Values]) -> dict[str, Any]:
    """Mean and sample standard deviation over the final architectures of runs."""
    if len(budgets := {_budget(run) for run in runs}) > 1:
        told = " and ".join(f"{epochs} epochs of {steps} steps" for epochs, steps in budgets)
        raise UserError(f"runs named {name} have unequal budgets ({told}): no mean over them")
    steps = budgets.pop()[1]
    lengths = [len(run.rows) for run in runs]
    epochs = [min(lengths), max(lengths)]  # unequal where a search may stop early
    finals = [int(run.last["index"]) for run in runs]
    found: dict[str, Any] = {"name": name, "runs": len(finals), "epochs": epochs, "steps": steps}
    found |= {fact: _over(values[finals]) for fact, values in facts.items()}
    for count in ("skip_count", "none_count"):
        found[count] = _over([run.last[count] for run in runs])
    found["seconds"] = _over([(run.result or {})["seconds"] for run in runs])
    found["finals"] = {str(run.seed): final for run, final in zip(runs, finals, strict=True)}
    return found


def _budget(run: Run) -> tuple[int, int | None]:
    """Epochs asked for, and steps of the weights an epoch; a floor trains nothing (None)."""
    steps = None
    if run.images is not None:
        steps = math.ceil(run.images[0] / run.config["search"]["batch_size"])
    return run.config["search"]["epochs"], steps


def _over(values: Sequence[float] | Values) -> dict[str, float | None]:
    own = np.asarray(values, dtype=np.float64)
    return {"mean": float(own.mean()), "std": float(own.std(ddof=1)) if len(own) > 1 else None}


def _random_search(facts: dict[str, Values], lookups: int) -> dict[str, Any]:
    """Expectation and standard deviation over all draws, in closed form."""
    weights = chances(facts["val"], lookups)
    found: dict[str, Any] = {"name": f"random search, {lookups} look-ups", "runs": None}
    for fact, values in facts.items():
        mean = float(weights @ values)
        found[fact] = {"mean": mean, "std": float(np.sqrt(weights @ (values - mean) ** 2))}
    return found


def markdown(found: dict[str, Any]) -> str:
    """The comparison as Markdown, with what it rests on."""
    lines = [
        "| search | runs | epochs × steps | test regret | test % | better than % of the cells "
        "| skip | none | search s |",
        "| --- " + "| ---: " * 8 + "|",
    ]
    for row in found["rows"]:
        searched = row["runs"] is not None
        cells = [
            row["name"],
            str(row["runs"]) if searched else "all draws",
            _budget_text(row) if searched else "–",
            _spread(row["test_regret"], 2),
            _spread(row["test"], 2),
            _spread(row["better_than"], 1),
            *(
                f"{row[name]['mean']:.1f}" if searched else "–"
                for name in ("skip_count", "none_count", "seconds")
            ),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    about = found["table"]
    band = about["regret_band"]
    top = about["reliability_top_half"].get("test")
    note = (
        "NB201-Digits, of the final architecture; mean ± standard deviation over runs, or over all "
        f"draws. The table's means are over {len(about['seeds'])} seeds: a regret below "
        + ("–" if band is None else f"{band:.2f}")
        + f" may be chance; reliability of `test` {about['reliability'].get('test', 0):.2f}, in "
        + f"the top half {'–' if top is None else f'{top:.2f}'}. Random search keeps the best "
        f"`val` of {found['lookups']} cells that it looks up, as many as a search has epochs; the "
        "searches choose without the table. Skip and none (edges of 6) and seconds (one thread) "
        "are means; steps are of the weights, in an epoch. `random_search` and `local_search` are "
        "runs of the floors, which look cells up: one an epoch."
    )
    return "\n".join(lines) + f"\n\n{note}\n"


def _budget_text(row: dict[str, Any]) -> str:
    epochs = "–".join(str(count) for count in sorted(set(row["epochs"])))
    return f"{epochs} × {row['steps']}" if row["steps"] else epochs


def _spread(fact: dict[str, float | None], digits: int) -> str:
    std = "–" if fact["std"] is None else f"{fact['std']:.{digits}f}"
    return f"{fact['mean']:.{digits}f} ± {std}"


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 2 bad input."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="with the runs; the table is written there")
    folder = parser.parse_args(arguments).folder
    try:
        found = compare(folder, Table.open("digits"))
    except UserError as error:
        print(f"digits_comparison: {error}", file=sys.stderr)
        return 2
    write_text(folder / "table.json", json.dumps(found, indent=2) + "\n")
    print(write_text(folder / "table.md", markdown(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
