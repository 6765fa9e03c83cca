r"""Searches on digits beside random search with as many look-ups, from the records and the table.

    python benchmarks/sweep.py configs/quickstart.yaml --methods edd_darts darts_v1 \\
        --seeds {0..9} --jobs 2 --out FOLDER
    python benchmarks/digits_comparison.py FOLDER

It writes FOLDER/table.md and FOLDER/table.json. Every finished run below FOLDER counts. Accuracies
are looked up in the built-in table anew, by the architectures that the runs ended with.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError
from naslib_edd.files import write_text
from naslib_edd.report.runs import Run, load_runs
from naslib_edd.tabular import Table
from naslib_edd.tabular.random_search import better_than, chances
from naslib_edd.tabular.ranking import rank_and_regret

Values = NDArray[np.floating]
FACTS = ("val", "test", "test_rank", "better_than", "test_regret")


def compare(folder: Path, table: Table) -> dict[str, Any]:
    """A row for each name of runs, and one for random search; each fact's mean and deviation.

    Raises:
        UserError: no finished run, or runs of different numbers of epochs.
    """
    runs = [run for run in load_runs([folder]) if run.result is not None]
    epochs = {len(run.rows) for run in runs}
    if len(epochs) != 1:
        raise UserError(f"{folder} needs finished runs of one number of epochs, not {epochs or 0}")
    facts = _facts(table)
    lookups = epochs.pop()
    noise = table.noise("digits", "test")
    rows = [
        _row(name, [run for run in runs if run.label == name], facts)
        for name in sorted({run.label for run in runs})
    ]
    return {
        "table": {
            "seeds": table.about["seeds"],
            "reliability": table.about["reliability"],
            "reliability_top_half": table.about["reliability_top_half"],
            "regret_band": None if noise is None else noise.regret_band,
        },
        "lookups": lookups,
        "rows": [*rows, _random_search(facts, lookups)],
    }


def _facts(table: Table) -> dict[str, Values]:
    """Each fact of every architecture, [15625]."""
    val, test = (table.column(f"digits__{split}").astype(float) for split in ("val", "test"))
    ranks, regrets = rank_and_regret(test)
    every = (val, test, ranks.astype(float), better_than(test, test), regrets)
    return dict(zip(FACTS, every, strict=True))


def _row(name: str, runs: list[Run], facts: dict[str, Values]) -> dict[str, Any]:
    """Mean and sample standard deviation over the final architectures of runs."""
    finals = [int(run.last["index"]) for run in runs]
    found: dict[str, Any] = {"name": name, "runs": len(finals)}
    for fact, values in facts.items():
        own = values[finals]
        found[fact] = {
            "mean": float(own.mean()),
            "std": float(own.std(ddof=1)) if len(own) > 1 else None,
        }
    found["finals"] = {str(run.seed): final for run, final in zip(runs, finals, strict=True)}
    return found


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
        "| search | runs | val % | test % | better than % of the cells | test rank | test regret |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in found["rows"]:
        cells = [
            row["name"],
            "all draws" if row["runs"] is None else str(row["runs"]),
            *(_spread(row[fact], 2) for fact in ("val", "test")),
            _spread(row["better_than"], 1),
            _spread(row["test_rank"], 0),
            _spread(row["test_regret"], 2),
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
        "searches choose without the table."
    )
    return "\n".join(lines) + f"\n\n{note}\n"


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
