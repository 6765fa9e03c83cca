r"""Many seeds of every method on digits: the outcome of each run, and what can be told apart.

    naslib-edd sweep configs/sweeps/digits_20.yaml
    python benchmarks/digits_seeds.py runs/digits_20 --out benchmarks/results/digits_20

Finished runs below the folders are added to OUT/runs.csv, a line a run: 980 records would be 50 MB.
From it and the built-in table OUT/table.md and OUT/pairs.csv are written: each method's mean and
interval, and its comparison with DARTS-V1, with random search, and with every other method. Without
a folder they are made anew from runs.csv.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_type_hints

import numpy as np

from naslib_edd.errors import UserError, on_command_line
from naslib_edd.report.comparison import Comparison, Pair, Sample, compare_values
from naslib_edd.report.groups import group_runs
from naslib_edd.report.runs import Run, load_runs
from naslib_edd.report.statistics_text import pairs_csv, rank_words, verdict
from naslib_edd.storage.files import write_text
from naslib_edd.tables import Table

#: What every method is compared with, and how the table calls it.
AGAINST = {"darts_v1": "DARTS-V1", "random_search": "random search"}
MEASURE = "digits test"


class Outcome(NamedTuple):
    """One run: its final architecture, and where it ran."""

    method: str
    seed: int
    architecture: int
    epochs: int
    skip: int
    none: int
    seconds: float
    commit: str
    kernels: str


def outcome(run: Run) -> Outcome:
    """A finished run's line; `kernels` is the instruction set of the C++ ones, or ``none``."""
    assert run.result is not None
    ran = (run.result.get("ran_on") or [{}])[-1]
    kernels = ran.get("kernels") or {}
    return Outcome(
        run.label,
        run.seed,
        int(run.result["index"]),
        len(run.rows),
        int(run.result["skip_count"]),
        int(run.result["none_count"]),
        float(run.result["seconds"]),
        str(ran.get("commit") or "")[:7],
        str(kernels.get("instructions")) if kernels.get("on") else "none",
    )


def read(path: Path) -> list[Outcome]:
    """The lines of runs.csv; none where there is no such file.

    Raises:
        UserError: it has other columns, or something else than numbers in them.
    """
    if not path.exists():
        return []
    kinds = get_type_hints(Outcome)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                Outcome(**{key: kinds[key](value) for key, value in row.items()})
                for row in csv.DictReader(file)
            ]
    except (LookupError, TypeError, ValueError) as error:
        columns = ", ".join(Outcome._fields)
        raise UserError(f"{path} is damaged ({error}); its columns are {columns}") from None


def joined(known: Sequence[Outcome], new: Sequence[Outcome]) -> list[Outcome]:
    """All, by method and seed.

    Raises:
        UserError: a run is in both and ended with another architecture.
    """
    found = {(one.method, one.seed): one for one in known}
    for one in new:
        before = found.setdefault((one.method, one.seed), one)
        if before.architecture != one.architecture:
            raise UserError(
                f"{one.method}, seed {one.seed}, is known with architecture {before.architecture} "
                f"and given with {one.architecture}: leave one of them out"
            )
    return [found[key] for key in sorted(found)]


def gather(folders: Sequence[Path]) -> list[Outcome]:
    """The finished runs below folders, all of one recipe a method.

    Raises:
        UserError: none is there, or a method was run with unequal settings.
    """
    runs = [run for run in load_runs(folders) if run.result is not None]
    count = Counter(run.label for run in runs)
    groups = group_runs(runs)
    if odd := sorted(
        {group.title for group in groups if len(group.runs) < count[group.runs[0].label]}
    ):
        raise UserError(f"runs of one method with unequal settings: {'; '.join(odd)}")
    return [outcome(run) for run in runs]


def values_of(outcomes: Sequence[Outcome], table: Table) -> dict[str, dict[int, float]]:
    """Method -> seed -> test accuracy of the final architecture, %."""
    test = table.column("digits__test").astype(float)
    found: dict[str, dict[int, float]] = {}
    for one in outcomes:
        found.setdefault(one.method, {})[one.seed] = float(test[one.architecture])
    return found


def markdown(
    outcomes: Sequence[Outcome], two: Comparison, every: Comparison, *, band: float
) -> str:
    """The table, and what can be said of all pairs."""
    names = [name for name in AGAINST if any(sample.name == name for sample in two.samples)]
    head = ["method", "seeds", "test %", "95 % of the mean", "median", "skip", "none"]
    head += [f"against {AGAINST[name]}" for name in names]
    lines = [f"| {' | '.join(head)} |", "| --- " + "| ---: " * (len(head) - 1) + "|"]
    for sample in two.samples:
        own = [one for one in outcomes if one.method == sample.name]
        cells = [
            sample.name,
            str(sample.n),
            _mean(sample),
            "–" if sample.low is None else f"{sample.low:.2f} – {sample.high:.2f}",
            f"{sample.median:.2f}",
            f"{np.mean([one.skip for one in own]):.1f}",
            f"{np.mean([one.none for one in own]):.1f}",
            *(_against(sample.name, name, two.pairs) for name in names),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    seeds = sorted({sample.n for sample in two.samples})
    told = [
        f"NB201-Digits, test accuracy of the final architecture, {seeds[0]}"
        + (f" to {seeds[-1]}" if len(seeds) > 1 else "")
        + f" seeds of each method; a difference below {band:.2f} between two cells may be the "
        "table's own noise. 95 %: percentile bootstrap over seeds. Against: difference of the "
        f"means, and p after Holm over these {len(two.pairs)} comparisons (exact, two-sided; "
        "signed ranks of shared seeds, else rank sums).",
        f"Of all pairs: {verdict(every)}",
    ]
    if every.friedman is not None:
        told.append(rank_words(every))
    return "\n".join(lines) + "\n\n" + "\n\n".join(told) + "\n"


def _mean(sample: Sample) -> str:
    return f"{sample.mean:.2f} ± {'–' if sample.std is None else f'{sample.std:.2f}'}"


def _against(method: str, other: str, pairs: Sequence[Pair]) -> str:
    """The difference of a method and another; bold where they can be told apart."""
    for pair in pairs:
        if {pair.one, pair.other} == {method, other} and method != other:
            mean = pair.mean if pair.one == method else -pair.mean
            text = f"{mean:+.2f}, p = {pair.adjusted:.2g}"
            return f"**{text}**" if pair.differ else text
    return "–"


def write(outcomes: Sequence[Outcome], out: Path) -> str:
    """Write all three files; returns the table.

    Raises:
        UserError: there are no runs.
    """
    if not outcomes:
        raise UserError(f"{out / 'runs.csv'} has no runs; give a folder of finished ones")
    table = Table.open("digits")
    values: Mapping[str, Mapping[int, float]] = values_of(outcomes, table)
    noise = table.noise("digits", "test")
    against = [name for name in AGAINST if name in values]
    two = compare_values(values, measure=MEASURE, against=against)
    every = compare_values(values, measure=MEASURE)
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(Outcome._fields)
    rows.writerows(outcomes)
    write_text(out / "runs.csv", text.getvalue())
    write_text(out / "pairs.csv", pairs_csv(every))
    band = 0.0 if noise is None else noise.regret_band
    found = markdown(outcomes, two, every, band=band)
    write_text(out / "table.md", found)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 2 bad input."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, help="with the runs")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        with on_command_line():
            new = gather(options.folders) if options.folders else []
            print(write(joined(read(options.out / "runs.csv"), new), options.out))
    except UserError as error:
        print(f"digits_seeds: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
