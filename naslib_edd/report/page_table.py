"""The table of many runs as a page shows it: a text and a number to sort by for each cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from naslib_edd.report.groups import edges_text, name_among
from naslib_edd.report.paper import COLUMNS
from naslib_edd.report.table import Spread, TableRow, column_name, columns_of
from naslib_edd.storage.literal import literal

_NOTE = (
    "Accuracies in %: the benchmark table's, of each search's final architecture; mean ± sample "
    "standard deviation over n seeds. Rank 1 is the table's best; rank, skip, none ({edges}) and "
    "seconds are means. In italics: the paper's own row of the method."
)

Cell = dict[str, Any]


def table_cells(rows: Sequence[TableRow]) -> tuple[list[str], list[dict[str, Any]], list[str]]:
    """Header, rows (``cells`` and whether they are the paper's), and notes."""
    groups = [row.group for row in rows]
    columns, ranked, network = columns_of(rows)
    ranks = [f"{column_name(name, 'test')} rank" for name in ranked]
    names = [*columns, *ranks, *network]
    header = ["run", "n", *names, "skip", "none", "search s"]
    body: list[dict[str, Any]] = []
    for row in rows:
        n = len(row.group.runs)
        cells = [
            _text(name_among(row.group, groups)), {"text": n, "value": n},
            *(_spread(row.accuracies.get(name)) for name in columns),
            *(_mean(row.ranks.get(name), 0) for name in ranked),
            *(_spread(row.network[name]) for name in network),
            _mean(row.skip, 1), _mean(row.none, 1), _mean(row.seconds, 0),
        ]  # fmt: skip
        body.append({"cells": cells, "paper": False})
        if row.paper is not None:
            told = {
                column_name(*column): Spread(*pair, 0)
                for column, pair in zip(COLUMNS, row.paper.accuracies, strict=True)
            }
            seconds = Spread(row.paper.seconds, None, 0)
            cells = [
                _text(row.paper.title), _mean(None, 0),
                *(_spread(told.get(name)) for name in names),
                _mean(None, 0), _mean(None, 0), _mean(seconds, 0),
            ]  # fmt: skip
            body.append({"cells": cells, "paper": True})
    notes = [_NOTE.format(edges=edges_text(groups))]
    by_settings: dict[str, list[str]] = {}
    for row in rows:
        told_of = ", ".join(f"{key}={value}" for key, value in row.group.settings.items())
        by_settings.setdefault(told_of, []).append(row.group.label)
    for told_of, labels in by_settings.items():
        if told_of:
            of = "all" if len(labels) == len(rows) else ", ".join(labels)
            notes.append(f"Settings off the method's own, {literal(of)}: {literal(told_of)}.")
    return header, body, notes


def _text(text: str) -> Cell:
    return {"text": literal(text, most=160), "value": ""}


def _spread(spread: Spread | None) -> Cell:
    if spread is None or spread.mean is None:
        return {"text": "–", "value": ""}
    return {"text": spread.text(2), "value": spread.mean}


def _mean(spread: Spread | None, digits: int) -> Cell:
    if spread is None or spread.mean is None:
        return {"text": "–", "value": ""}
    return {"text": f"{spread.mean:.{digits}f}", "value": spread.mean}
