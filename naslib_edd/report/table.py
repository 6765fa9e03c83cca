"""The table of many runs: mean ± std over seeds, beside the paper's row of the same method."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from naslib_edd.report.groups import Group, edges_text, name_among, shared_reduction
from naslib_edd.report.paper import COLUMNS, PaperRow, paper_row
from naslib_edd.report.series import series
from naslib_edd.storage.literal import literal

_SHORT = {"cifar10": "C10", "cifar100": "C100", "imagenet16_120": "IN16"}
#: The data sets of NAS-Bench-201 are ranked on the first of them.
_RANKED, _NB201 = "cifar10", frozenset(_SHORT)
#: What a result has of the discretised network, for records without a table.
_NETWORK = {
    f"net_{part}_acc_{kind}": f"net {part} ({kind})"
    for kind in ("batch", "running")
    for part in ("val", "test")
}
_PARTS = ("val", "test")


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
    """One group as the table shows it.

    Attributes:
        group: the runs.
        accuracies: the benchmark table's, by :func:`column_name`, of every data set in the records.
        ranks: the test rank, by data set; of NAS-Bench-201's sets on CIFAR-10 alone.
        network: the discretised network's accuracies by the name of their column.
        skip, none, seconds, paper: what else is counted, and the paper's row of the same method.
    """

    group: Group
    accuracies: dict[str, Spread]
    ranks: dict[str, Spread]
    network: dict[str, Spread]
    skip: Spread
    none: Spread
    seconds: Spread
    paper: PaperRow | None

    @property
    def rank(self) -> Spread:
        """The first of the ranks."""
        return next(iter(self.ranks.values()), _NOTHING)


_NOTHING = Spread(None, None, 0)


def column_name(dataset: str, part: str) -> str:
    """Such as ``C10 val``."""
    return f"{_SHORT.get(dataset, dataset)} {part}"


def summarise(group: Group) -> TableRow:
    """A group's row: the table's accuracies of the final architectures, counts and seconds."""
    results = [run.result or {} for run in group.runs]
    datasets = _datasets(results)
    ranked = dict.fromkeys(_RANKED if name in _NB201 else name for name in datasets)

    def spread(*path: str) -> Spread:
        return Spread.over(list(series(results, *path)))

    return TableRow(
        group=group,
        accuracies={
            column_name(*column): spread("table", "datasets", *column, "value")
            for column in ((name, part) for name in datasets for part in _PARTS)
        },
        ranks={name: spread("table", "datasets", name, "test", "rank") for name in ranked},
        network={name: spread(key) for key, name in _NETWORK.items()},
        skip=spread("skip_count"),
        none=spread("none_count"),
        seconds=spread("seconds"),
        paper=paper_row(group.runs[0].config),
    )


def _datasets(results: Sequence[dict[str, Any]]) -> list[str]:
    """The data sets that tables in the results have, NAS-Bench-201's first."""
    found: dict[str, None] = {}
    for result in results:
        known = (result.get("table") or {}).get("datasets") or {}
        found |= dict.fromkeys(map(str, known))
    return sorted(found, key=lambda name: list(_SHORT).index(name) if name in _SHORT else 9)


def columns_of(rows: Sequence[TableRow]) -> tuple[list[str], list[str], list[str]]:
    """Names of the columns that the rows fill: accuracies, data sets of ranks, of the network.

    The paper's columns are there where a row of the paper is. Accuracies of the network are told
    where no record has a table.
    """
    papers = [column_name(*column) for column in COLUMNS]
    found = dict.fromkeys(papers if any(row.paper for row in rows) else ())
    ranked = dict.fromkeys([_RANKED] if found else [])
    for row in rows:
        found |= dict.fromkeys(row.accuracies)
        ranked |= dict.fromkeys(row.ranks)
    first = [name for name in papers if name in found]
    accuracies = [*first, *(name for name in found if name not in first)]
    told = any(spread.n for row in rows for spread in row.accuracies.values())
    network = [name for name in _NETWORK.values() if any(row.network[name].n for row in rows)]
    return accuracies, sorted(ranked, key=lambda name: name != _RANKED), [] if told else network


def by_accuracy(rows: Sequence[TableRow]) -> list[TableRow]:
    """The rows by the first test accuracy that there is, the best first."""
    accuracies, _, network = columns_of(rows)
    names = [name for name in (*accuracies, *network) if " test" in name or "net val" in name]

    def key(row: TableRow) -> list[float]:
        means = ((row.accuracies | row.network).get(name, _NOTHING).mean for name in names)
        return [-mean if mean is not None else 0.0 for mean in means]

    return sorted(rows, key=key)


def markdown(
    rows: Sequence[TableRow], *, unfinished: Sequence[str] = (), damaged: Sequence[str] = ()
) -> str:
    """The table as Markdown. A group's title says how it was reduced, above any paper row.

    What is alike in all, a line over the table says instead.
    """
    groups = [row.group for row in rows]
    shared = shared_reduction(groups)
    columns, ranked, network = columns_of(rows)
    ranks = [f"{column_name(name, 'test')} rank" for name in ranked]
    names = [*columns, *ranks, *network]
    header = ["run", "n", *map(escape, names), "skip", "none", "search s"]
    lines = [header, ["---", *["---:"] * (len(header) - 1)]]
    for row in rows:
        n = len(row.group.runs)
        lines.append(
            [
                escape(name_among(row.group, groups)),
                str(n),
                *(row.accuracies.get(name, _NOTHING).text(2, of=n) for name in columns),
                *(_mean(row.ranks.get(name, _NOTHING), 0) for name in ranked),
                *(row.network[name].text(2, of=n) for name in network),
                _mean(row.skip, 1),
                _mean(row.none, 1),
                _mean(row.seconds, 0),
            ]
        )
        if row.paper is not None:
            told = {
                column_name(*column): Spread(*pair, 0).text(2)
                for column, pair in zip(COLUMNS, row.paper.accuracies, strict=True)
            }
            seconds = "–" if row.paper.seconds is None else f"{row.paper.seconds:.0f}"
            name = f"*{escape(row.paper.title)}*"
            told_of = [told.get(name, "–") for name in names]
            lines.append([name, "", *told_of, "–", "–", seconds])
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    above = f"Every run of ours is {escape(shared)}.\n\n" if shared else ""
    notes = _notes(rows, unfinished)
    if damaged:
        notes += f"\nLeft out, damaged: {', '.join(map(escape, damaged))}.\n"
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
                **{f"{name}_test_rank": vars(rank) for name, rank in row.ranks.items()},
                "network": {name: vars(spread) for name, spread in row.network.items() if spread.n},
                "skip_count": vars(row.skip),
                "none_count": vars(row.none),
                "seconds": vars(row.seconds),
                "runs": [
                    {
                        "seed": run.seed,
                        "index": run.last.get("index"),
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
        f"({edges_text([row.group for row in rows])}) and seconds are means."
    ]
    if columns_of(rows)[2]:
        notes.append(
            "No record has a table's accuracies: net is the discretised network with the shared "
            "weights of its search, by the batch norm statistics in brackets."
        )
    for row in rows:
        if row.group.settings:
            told = ", ".join(f"{key}={value}" for key, value in row.group.settings.items())
            label = escape(row.group.label)
            notes.append(f"{label}: settings off the method's own: `{_code(told)}`.")
    if unfinished:
        notes.append(f"Left out, unfinished: {escape(', '.join(unfinished))}.")
    return "\n\n".join(notes) + "\n"


def _mean(spread: Spread, digits: int) -> str:
    return "–" if spread.mean is None else f"{spread.mean:.{digits}f}"


def escape(text: str) -> str:
    """A text of a user as Markdown shows it: no tag, link, emphasis, line break or column of it."""
    text = literal(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|]|(?<![^\W_])_|_(?![^\W_]))", r"\\\1", text)


def _code(text: str) -> str:
    """A text between backticks."""
    return literal(text).replace("`", "'")
