r"""The paper's claim from the records of 50-epoch searches: table, statistics, what collapsed.

    python benchmarks/claim.py FOLDER [--data-note "CIFAR-10 (JPEG)"]

It writes FOLDER/table.md and FOLDER/table.json from every finished run below FOLDER. The final
cell and the cell of the best epoch, by the discretised network's validation accuracy, are kept
apart; the table chooses neither.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from naslib_edd.errors import UserError
from naslib_edd.report.groups import Group, group_runs, name_among, shared_reduction
from naslib_edd.report.runs import Run, load_runs
from naslib_edd.report.statistics import LEVEL, Difference, difference, holm, verdict
from naslib_edd.report.table import Spread
from naslib_edd.storage.files import write_text

#: A final cell below this test accuracy, %, has collapsed (44.3 % of the table are below).
COLLAPSED = 90.0
#: What every method is compared with.
REFERENCES = ("darts_v1", "random_search")
TEST = ("table", "datasets", "cifar10", "test", "value")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One method's runs.

    Attributes:
        name: of the group.
        seeds: of its runs.
        final: C10 test accuracy of the last epoch's cell, %, a run.
        best: the same of the epoch with the best validation accuracy of the discretised network.
        entropy, supernet, discretised: E[H(β)] in nats; validation accuracies in %, last epoch.
        bare: skip and none of the final cell.
        rank: of the final cell on C10 test.
        against: by the name of each reference, the difference of `final`, p adjusted, and words.
    """

    name: str
    seeds: list[int]
    final: list[float]
    best: list[float]
    entropy: list[float]
    supernet: list[float]
    discretised: list[float]
    bare: list[float]
    rank: list[float]
    against: dict[str, tuple[Difference, float | None, str]]

    @property
    def collapsed(self) -> int:
        """How many final cells are below :data:`COLLAPSED`."""
        return sum(value < COLLAPSED for value in self.final)


def claims(groups: Sequence[Group]) -> list[Claim]:
    """A row a group, the best mean first.

    Raises:
        UserError: a run whose cells were not looked up in a table with CIFAR-10.
    """
    finals = {name_among(group, groups): _finals(group) for group in groups}
    against = {name: _against(finals, name) for name in finals}
    rows = []
    for group in groups:
        name = name_among(group, groups)
        row = Claim(
            name=name,
            seeds=[run.seed for run in group.runs],
            final=finals[name],
            best=[_field(run.rows[_best_epoch(run)], *TEST) for run in group.runs],
            entropy=_last(group, "entropy"),
            supernet=_last(group, "val_acc"),
            discretised=_last(group, "net_val_acc_batch"),
            bare=[run.last["skip_count"] + run.last["none_count"] for run in group.runs],
            rank=_last(group, *TEST[:-1], "rank"),
            against=against[name],
        )
        rows.append(row)
    return sorted(rows, key=lambda row: -float(np.mean(row.final)))


def _against(
    finals: dict[str, list[float]], name: str
) -> dict[str, tuple[Difference, float | None, str]]:
    """Differences to the references of this name's sizes, each adjusted over all methods."""
    found = {}
    for reference in REFERENCES:
        of = next((one for one in finals if one.split(",")[0] == reference), None)
        if of is None or of == name:
            continue
        others = [one for one in finals if one != of]
        each = {one: difference(finals[one], finals[of]) for one in others}
        tested = [one for one in others if each[one].p is not None]
        adjusted = dict(zip(tested, holm([float(each[one].p or 0) for one in tested]), strict=True))
        p = adjusted.get(name)
        words = "n too small to tell" if p is None else verdict(each[name], p, len(tested))
        found[reference] = each[name], p, words
    return found


def _finals(group: Group) -> list[float]:
    values = [_field(run.last, *TEST) for run in group.runs]
    if not np.isfinite(values).all():
        raise UserError(f"runs of {group.label} have no C10 test accuracy: name a table for them")
    return values


def _best_epoch(run: Run) -> int:
    """Of the best validation accuracy of the discretised network; the last of a run without one."""
    values = [_field(row, "net_val_acc_batch") for row in run.rows]
    return len(values) - 1 if not np.isfinite(values).any() else int(np.nanargmax(values))


def _last(group: Group, *path: str) -> list[float]:
    return [_field(run.last, *path) for run in group.runs]


def _field(row: Any, *path: str) -> float:
    for key in path:
        row = row.get(key) if isinstance(row, dict) else None
    return float("nan") if row is None else float(row)


def markdown(rows: Sequence[Claim], groups: Sequence[Group], unfinished: Sequence[str]) -> str:
    """The table, and what its columns are."""
    header = [
        "search", "n", "C10 test, final", "rank", "collapsed", "at the best validation",
        "E[H]", "supernet → discretised, val %", "skip + none",
        *(f"− {name}" for name in REFERENCES),
    ]  # fmt: skip
    lines = [header, ["---", *["---:"] * (len(header) - 1)]]
    for row in rows:
        gap = "–"
        if np.isfinite(row.supernet).any():
            gap = f"{np.nanmean(row.supernet):.1f} → {np.nanmean(row.discretised):.1f}"
        lines.append(
            [
                row.name, str(len(row.seeds)), Spread.over(row.final).text(2),
                f"{np.mean(row.rank):.0f}", f"{row.collapsed} of {len(row.seeds)}",
                Spread.over(row.best).text(2),
                "–" if not np.isfinite(row.entropy).any() else f"{np.nanmean(row.entropy):.2f}",
                gap, f"{np.mean(row.bare):.1f}",
                *(_difference(row.against.get(name)) for name in REFERENCES),
            ]
        )  # fmt: skip
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    shared = shared_reduction(groups)
    above = f"Every run is {shared}.\n\n" if shared else ""
    notes = [
        "C10 test: the table's accuracy of the cell, %, mean ± sample standard deviation over n "
        f"seeds. Collapsed: a final cell below {COLLAPSED:g} %. At the best validation: the cell "
        "of the epoch in which the discretised network with shared weights was best on the "
        "validation half. Supernet, discretised: on the validation half, with the same weights, "
        "last epoch. "
        "Differences of the final cells: points of C10 test, with the 95 % bootstrap interval; "
        "p of the exact permutation test, after Holm over the methods of the column; level "
        f"{LEVEL:g}."
    ]
    if unfinished:
        notes.append(f"Left out, unfinished: {', '.join(unfinished)}.")
    return above + text + "\n" + "\n\n".join(notes) + "\n"


def _difference(found: tuple[Difference, float | None, str] | None) -> str:
    if found is None:
        return "–"
    told, _, words = found
    interval = "" if told.low is None else f" [{told.low:+.2f}, {told.high:+.2f}]"
    return f"{told.mean:+.2f}{interval}, {words}"


def as_json(rows: Sequence[Claim], unfinished: Sequence[str]) -> dict[str, Any]:
    """The table unrounded."""
    values = [
        {
            **asdict(row),
            "collapsed": row.collapsed,
            "against": {
                name: {**asdict(told), "p_adjusted": p, "words": words}
                for name, (told, p, words) in row.against.items()
            },
        }
        for row in rows
    ]
    text = json.dumps({"rows": values, "unfinished": list(unfinished)})
    found: dict[str, Any] = json.loads(text, parse_constant=lambda _: None)
    return found


def write(folder: Path, *, data_note: str | None = None) -> list[Path]:
    """Write both files; their paths.

    Raises:
        UserError: no finished run there.
    """
    runs = load_runs([folder])
    finished = [run for run in runs if run.result is not None]
    unfinished = [
        f"{run.label}, seed {run.seed} (epoch {len(run.rows)})"
        for run in runs
        if run.result is None
    ]
    if not finished:
        raise UserError(f"{folder} holds no finished run yet")
    groups = group_runs(finished, data_note=data_note)
    rows = claims(groups)
    values = json.dumps(as_json(rows, unfinished), indent=2, ensure_ascii=False)
    return [
        write_text(folder / "table.md", markdown(rows, groups, unfinished)),
        write_text(folder / "table.json", values + "\n"),
    ]


def main() -> int:
    """Exit code 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data-note", help="e.g. 'CIFAR-10 (JPEG)'")
    options = parser.parse_args()
    try:
        paths = write(options.folder, data_note=options.data_note)
    except UserError as error:
        print(f"claim.py: {error}", file=sys.stderr)
        return 2
    for path in paths:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
