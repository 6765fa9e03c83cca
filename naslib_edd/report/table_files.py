"""The table of many runs as CSV, for programs, and as LaTeX, for papers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from naslib_edd.report.groups import name_among
from naslib_edd.report.paper import COLUMNS
from naslib_edd.report.table import Spread, TableRow, column_name, columns_of
from naslib_edd.storage.literal import literal

_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}  # fmt: skip


def as_csv(rows: Sequence[TableRow]) -> str:
    """A line a group and a line a row of the paper; mean, std and n of each column, unrounded."""
    columns, ranked, network = columns_of(rows)
    groups = [row.group for row in rows]
    ranks = [f"{column_name(name, 'test')} rank" for name in ranked]
    measured = [*columns, *ranks, *network, "skip", "none", "seconds"]
    parts = [f"{name} {part}" for name in measured for part in ("mean", "std", "n")]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["run", "source", "reduction", "n", *parts])
    for row in rows:
        spreads = [
            *(row.accuracies.get(name) for name in columns),
            *(row.ranks.get(name) for name in ranked),
            *(row.network[name] for name in network),
            row.skip, row.none, row.seconds,
        ]  # fmt: skip
        cells = [value for spread in spreads for value in _values(spread)]
        name = _cell(name_among(row.group, groups))
        writer.writerow([name, "ours", row.group.reduction or "", len(row.group.runs), *cells])
        if row.paper is not None:
            told = {
                column_name(*column): Spread(*pair, 0)
                for column, pair in zip(COLUMNS, row.paper.accuracies, strict=True)
            }
            told["seconds"] = Spread(row.paper.seconds, None, 0)
            cells = [value for each in measured for value in _values(told.get(each))]
            writer.writerow([_cell(row.paper.title), "paper", "", "", *cells])
    return out.getvalue()


def as_latex(rows: Sequence[TableRow]) -> str:
    """A ``tabular`` of booktabs: accuracies, %, ours and the paper's in italics."""
    columns, _, network = columns_of(rows)
    groups = [row.group for row in rows]
    names = [*columns, *network]
    lines = [
        "% \\usepackage{booktabs}; accuracies in %, mean and sample std over n seeds",
        f"\\begin{{tabular}}{{lr{'r' * len(names)}}}",
        "\\toprule",
        _line(["run", "$n$", *map(latex, names)]),
        "\\midrule",
    ]
    for row in rows:
        spreads = [*(row.accuracies.get(name) for name in columns),
                   *(row.network[name] for name in network)]  # fmt: skip
        told = latex(name_among(row.group, groups))
        lines.append(_line([told, str(len(row.group.runs)), *map(_latex_spread, spreads)]))
        if row.paper is not None:
            pairs = {
                column_name(*column): Spread(*pair, 0)
                for column, pair in zip(COLUMNS, row.paper.accuracies, strict=True)
            }
            title = f"\\textit{{{latex(row.paper.title)}}}"
            lines.append(_line([title, "", *(_latex_spread(pairs.get(name)) for name in names)]))
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"]) + "\n"


def latex(text: str) -> str:
    """A text of a user as LaTeX prints it; nothing in it is a command."""
    return re.sub(r"[\\~^<>|\"&%$#_{}]", lambda found: _LATEX[found[0]], literal(text))


def _latex_spread(spread: Spread | None) -> str:
    if spread is None or spread.mean is None:
        return "--"
    std = "" if spread.std is None else f" \\pm {spread.std:.2f}"
    return f"${spread.mean:.2f}{std}$"


def _line(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _values(spread: Spread | None) -> list[float | int | str]:
    if spread is None or spread.mean is None:
        return ["", "", ""]
    return [spread.mean, "" if spread.std is None else spread.std, spread.n or ""]


def _cell(text: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    text = literal(text)
    return f"'{text}" if text[:1] in "=+-@" else text
