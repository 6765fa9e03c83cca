"""The table of many runs: mean ± std over seeds, beside the paper's row of the same method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from naslib_edd.report.groups import Group, name_among, shared_reduction
from naslib_edd.report.paper import COLUMNS, PaperRow, paper_row
from naslib_edd.report.series import series

_SHORT = {"cifar10": "C10", "cifar100": "C100", "imagenet16_120": "IN16"}


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation (n - 1) over ``n`` runs; None where there is none."""

    mean: float | None
    std: float | None
    n: int

    @classmethod
    def over(cls, values: Sequence[float]) -> Spread:
        """The spread of those values that are numbers."""
        found = np.asarray(values, dtype=np.float64)
        found = found[~np.isnan(found)]
        return cls(
            float(found.mean()) if len(found) else None,
            float(found.std(ddof=1)) if len(found) > 1 else None,
            len(found),
        )

    def text(self, digits: int, *, of: int | None = None) -> str:
        """``mean ± std``; a dash for what there is not; ``of`` runs, if more than were counted."""
        if self.mean is None:
            return "–"
        std = "–" if self.std is None else f"{self.std:.{digits}f}"
        counted = f" (of {self.n})" if of is not None and self.n < of else ""
        return f"{self.mean:.{digits}f} ± {std}{counted}"


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One group as the table shows it: :data:`COLUMNS` by name, and what else is counted."""

    group: Group
    accuracies: dict[str, Spread]
    rank: Spread
    skip: Spread
    none: Spread
    seconds: Spread
    paper: PaperRow | None


def column_name(dataset: str, part: str) -> str:
    """Such as ``C10 val``."""
    return f"{_SHORT[dataset]} {part}"


def summarise(group: Group) -> TableRow:
    """A group's row: the table's accuracies of the final architectures, counts and seconds."""
    results = [run.result or {} for run in group.runs]

    def spread(*path: str) -> Spread:
        return Spread.over(list(series(results, *path)))

    return TableRow(
        group=group,
        accuracies={
            column_name(*column): spread("table", "datasets", *column, "value")
            for column in COLUMNS
        },
        rank=spread("table", "datasets", "cifar10", "test", "rank"),
        skip=spread("skip_count"),
        none=spread("none_count"),
        seconds=spread("seconds"),
        paper=paper_row(group.runs[0].config),
    )


def markdown(
    rows: Sequence[TableRow], *, unfinished: Sequence[str] = (), damaged: Sequence[str] = ()
) -> str:
    """The table as Markdown. A group's title says how it was reduced, above any paper row.

    What is alike in all, a line over the table says instead.
    """
    groups = [row.group for row in rows]
    shared = shared_reduction(groups)
    columns = [column_name(*column) for column in COLUMNS]
    header = ["run", "n", *columns, "C10 test rank", "skip", "none", "search s"]
    lines = [header, ["---", *["---:"] * (len(header) - 1)]]
    for row in rows:
        n = len(row.group.runs)
        lines.append(
            [
                _escape(name_among(row.group, groups)),
                str(n),
                *(row.accuracies[name].text(2, of=n) for name in columns),
                _mean(row.rank, 0),
                _mean(row.skip, 1),
                _mean(row.none, 1),
                _mean(row.seconds, 0),
            ]
        )
        if row.paper is not None:
            accuracies = [Spread(*pair, 0).text(2) for pair in row.paper.accuracies]
            seconds = "–" if row.paper.seconds is None else f"{row.paper.seconds:.0f}"
            name = f"*{_escape(row.paper.title)}*"
            lines.append([name, "", *accuracies, "–", "–", "–", seconds])
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    above = f"Every run of ours is {shared}.\n\n" if shared else ""
    notes = _notes(rows, unfinished)
    if damaged:
        notes += f"\nLeft out, damaged: {', '.join(map(_escape, damaged))}.\n"
    return f"{above}{text}\n{notes}"


def as_json(
    rows: Sequence[TableRow], *, unfinished: Sequence[str] = (), damaged: Sequence[str] = ()
) -> dict[str, Any]:
    """The table as plain dicts: every number unrounded, and each run's architecture."""
    return {
        "rows": [
            {
                "label": row.group.label,
                "reduction": row.group.reduction,
                "settings": row.group.settings,
                "n": len(row.group.runs),
                "accuracies": {name: vars(spread) for name, spread in row.accuracies.items()},
                "cifar10_test_rank": vars(row.rank),
                "skip_count": vars(row.skip),
                "none_count": vars(row.none),
                "seconds": vars(row.seconds),
                "runs": [
                    {
                        "seed": run.seed,
                        "index": run.last["index"],
                        "arch_str": run.last["arch_str"],
                    }
                    for run in row.group.runs
                ],
                "paper": _paper_json(row),
            }
            for row in rows
        ],
        "unfinished": list(unfinished),
        **({"damaged": list(damaged)} if damaged else {}),
    }


def _paper_json(row: TableRow) -> dict[str, Any] | None:
    if row.paper is None:
        return None
    columns = (column_name(*column) for column in COLUMNS)
    return {
        "name": row.paper.name,
        "table": row.paper.table,
        "accuracies": {
            name: {"mean": mean, "std": std}
            for name, (mean, std) in zip(columns, row.paper.accuracies, strict=True)
        },
        "seconds": row.paper.seconds,
    }


def _notes(rows: Sequence[TableRow], unfinished: Sequence[str]) -> str:
    notes = [
        "Accuracies in %: the benchmark table's, of each search's final architecture; mean ± "
        "sample standard deviation over n seeds. Rank 1 is the table's best; rank, skip, none "
        "(edges of 6) and seconds are means."
    ]
    for row in rows:
        if row.group.settings:
            told = ", ".join(f"{key}={value}" for key, value in row.group.settings.items())
            notes.append(f"{row.group.label}: settings off the method's own: `{told}`.")
    if unfinished:
        notes.append(f"Left out, unfinished: {', '.join(unfinished)}.")
    return "\n\n".join(notes) + "\n"


def _mean(spread: Spread, digits: int) -> str:
    return "–" if spread.mean is None else f"{spread.mean:.{digits}f}"


def _escape(text: str) -> str:
    return text.replace("|", "\\|")
