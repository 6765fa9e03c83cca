"""The landscape of a table: one page with a point for each of its 15,625 cells.

The page is a file of its own (below 3 MB): the table's columns travel in it as 32-bit numbers.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from naslib_edd.errors import UserError
from naslib_edd.report.front import LABELS
from naslib_edd.report.groups import group_runs, name_among
from naslib_edd.report.page import asset, template
from naslib_edd.report.panels import DATASETS
from naslib_edd.report.runs import load_runs
from naslib_edd.report.style import PALETTE
from naslib_edd.spaces.nb201.drawing import COLOURS, SHORT
from naslib_edd.spaces.nb201.encoding import EDGES, OPERATIONS, SIZE, all_ops
from naslib_edd.storage.files import write_text
from naslib_edd.storage.literal import literal
from naslib_edd.storage.version import __version__
from naslib_edd.tables.columns import dataset_name
from naslib_edd.tables.table import Table

#: Costs worth an axis, the first that the table has being the one shown first.
_COSTS = ("flops_M", "params_M", "train_time_s")
_SYMBOLS = ("–", "skip", "1×1", "3×3", "pool")
#: Searches whose paths a page takes at most.
_PATHS = 200


def draw_landscape(
    table: Table, out: Path, *, runs: Sequence[str | Path] = (), dataset: str | None = None
) -> Path:
    """Write the page.

    Args:
        table: of the whole space.
        out: the ``.html`` file.
        runs: folders of runs whose paths, an architecture an epoch, are laid over it.
        dataset: the one shown first; the table's first by default.

    Raises:
        UserError: another suffix, an unknown data set, or no records in a folder.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise UserError(
            f"the landscape is a page: its file ends in .html, and {out.name!r} does not"
        )
    if not table.datasets:
        raise UserError(f"{table.source} has no accuracy at all")
    first = table.datasets[0] if dataset is None else dataset_name(dataset, table.datasets)
    names = [first, *(name for name in table.datasets if name != first)]
    columns = list(_columns(table, names))
    x = next((place for place, each in enumerate(columns) if not each["ranked"]), 0)
    y = next(place for place, each in enumerate(columns) if each["ranked"])
    if x == y:  # a table without costs: its 12-epoch or validation values are across
        x = next((place for place, each in enumerate(columns) if place != y), y)
    values = {
        "size": SIZE,
        "ops": _packed(all_ops().astype(np.uint8)),
        "edges": EDGES,
        "names": OPERATIONS,
        "operations": [SHORT[name] for name in OPERATIONS],
        "short": _SYMBOLS,
        "colours": [COLOURS[name] for name in OPERATIONS],
        "palette": PALETTE,
        "columns": columns,
        "x": x,
        "y": y,
        "paths": _paths(runs),
    }
    page = template("landscape.html").render(
        title=f"{DATASETS.get(first, literal(first, most=60))}: every cell",
        css=asset("base.css", "landscape.css"),
        js=asset("landscape.js"),
        data=as_script(values),
        source=f"{literal(Path(table.source).name, most=80)}, {len(table)} architectures",
        notes=[f"{literal(key)}: {literal(text)}." for key, text in table.notes.items()],
        version=__version__,
    )
    return write_text(out, page)


def as_script(values: Any) -> Markup:
    """JSON that can stand in a ``<script>``: nothing in it ends that element."""
    text = json.dumps(values, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _columns(table: Table, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Accuracies of each data set and part, after 200 epochs and 12, and the first one's costs."""
    tables = [(table, "")]
    with contextlib.suppress(UserError):
        tables.append((table.at(12), " after 12 epochs"))
    for of, when in tables:
        for name in names:
            shown = DATASETS.get(name) or literal(name, most=60)
            for part in ("test", "val"):
                with contextlib.suppress(UserError):  # a table without this part
                    yield _column(of.accuracy(name, part), f"{shown} {part}{when}, %", ranked=True)
    for cost in _COSTS:
        with contextlib.suppress(UserError):
            yield _column(table.cost(names[0], cost), LABELS[cost], ranked=False)


def _column(values: NDArray[Any], label: str, *, ranked: bool) -> dict[str, Any]:
    """A column as the page gets it."""
    return {"label": label, "ranked": ranked, "data": _packed(np.asarray(values, dtype="<f4"))}


def _packed(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def _paths(folders: Sequence[str | Path]) -> list[dict[str, Any]]:
    """For each run its label and the cells of its epochs, each as long as it stayed once."""
    if not folders:
        return []
    runs = load_runs(list(folders))
    groups = group_runs(runs)
    found = []
    for group in groups:
        for run in group.runs:
            cells = [int(row["index"]) for row in run.rows]
            kept = [
                cell for place, cell in enumerate(cells) if not place or cells[place - 1] != cell
            ]
            if not all(0 <= cell < SIZE for cell in kept):
                raise UserError(f"{run.folder} has an index outside 0 to {SIZE - 1}; it is damaged")
            name = literal(name_among(group, groups), most=120)
            found.append({"label": f"{name}, seed {run.seed}", "cells": kept})
    if len(found) > _PATHS:
        raise UserError(
            f"{len(found)} runs are more paths than a page shows, {_PATHS}; name fewer folders"
        )
    return found
