"""One page of many runs: a single HTML file with tables, statistics, figures and every run.

Every text of a run is untrusted: Jinja escapes it, and nothing but the page's own script runs.
"""

from __future__ import annotations

import functools
import math
import os
import shlex
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from naslib_edd.errors import UserError
from naslib_edd.report import statistics_text
from naslib_edd.report.comparison import Comparison
from naslib_edd.report.groups import Group, name_among, shared_reduction
from naslib_edd.report.inline import arch_svg
from naslib_edd.report.page_drawings import Drawing
from naslib_edd.report.page_table import table_cells
from naslib_edd.report.runs import Run, load_run
from naslib_edd.report.table import TableRow
from naslib_edd.spaces.nb201.drawing import COLOURS, SHORT
from naslib_edd.storage.literal import literal
from naslib_edd.storage.version import __version__

#: Cells shown; a page of all would hide the frequent ones.
_CELLS = 24
_FILES = ("record.jsonl", "result.json", "config.yaml", "log.txt")


def page(
    rows: Sequence[TableRow],
    found: Comparison | None,
    drawings: Sequence[Drawing],
    out: Path,
    *,
    unfinished: Sequence[str] = (),
    damaged: Sequence[Path] = (),
) -> str:
    """The page as text.

    Args:
        rows: the table, in its order.
        found: its statistics, if there are any.
        drawings: the figures; one named ``cd`` goes to the statistics.
        out: the folder that the page will lie in; links to records begin there.
        unfinished: runs left out, as told in the table.
        damaged: folders of the runs that cannot be read.
    """
    groups = [row.group for row in rows]
    runs = [(group, run) for group in groups for run in group.runs]
    header, body, notes = table_cells(rows)
    values = _values(found)
    return template("page.html").render(
        title=_title(groups),
        css=asset("base.css", "page.css"),
        js=asset("page.js"),
        version=__version__,
        shared=shared_reduction(groups),
        facts=_facts(rows, found, len(unfinished), len(damaged)),
        found=found,
        verdict=statistics_text.verdict(found).replace("*", "") if found else None,
        rank_words=statistics_text.rank_words(found) if found and found.friedman else None,
        method=statistics_text.METHOD,
        interval=statistics_text.interval,
        p_text=statistics_text.p_text,
        header=header,
        rows=body,
        notes=notes,
        cd=next((drawing.svg for drawing in drawings if drawing.name == "cd"), None),
        figures=[drawing for drawing in drawings if drawing.name != "cd"],
        cells=_cells(runs, groups, values),
        cells_words=_cells_words([run for _, run in runs]),
        operations=[(SHORT[name], COLOURS[name]) for name in COLOURS]
        if any(run.space.name == "nasbench201" for _, run in runs)
        else [],  # other spaces' drawings have the names in them
        run_count=len(runs),
        runs=[_run(run, name_among(group, groups), values, out) for group, run in runs],
        unfinished=[literal(text) for text in unfinished],
        damaged=[(literal(str(path)), _reason(path)) for path in damaged],
    )


@functools.cache
def template(name: str) -> jinja2.Template:
    """One of the package's templates; what it is given is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_text(name))


def asset(*names: str) -> Markup:
    """Style or script of the package, to be put into a page as it is."""
    return Markup("\n".join(map(_text, names)))


def _text(name: str) -> str:
    return (resources.files("naslib_edd.report") / "templates" / name).read_text("utf-8")


def _title(groups: Sequence[Group]) -> str:
    runs = [run for group in groups for run in group.runs]
    datasets = ", ".join(dict.fromkeys(literal(run.dataset, most=60) for run in runs))
    methods = f"{len(groups)} methods" if len(groups) > 1 else literal(groups[0].label)
    return f"{methods} on {datasets}"


def _facts(
    rows: Sequence[TableRow], found: Comparison | None, unfinished: int, damaged: int
) -> list[tuple[str, str]]:
    counts = sorted({len(row.group.runs) for row in rows})
    seeds = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    seconds = sum(row.seconds.mean * row.seconds.n for row in rows if row.seconds.mean is not None)
    facts = [
        ("runs", str(sum(len(row.group.runs) for row in rows))),
        ("methods or settings", str(len(rows))),
        ("seeds of each", seeds),
        ("hours of search", f"{seconds / 3600:.1f}"),
    ]
    if found is not None:
        best = found.samples[0]
        facts.append((f"best mean: {literal(best.name, most=60)}", f"{best.mean:.2f} %"))
    if unfinished:
        facts.append(("unfinished, left out", str(unfinished)))
    if damaged:
        facts.append(("damaged, left out", str(damaged)))
    return facts


def _values(found: Comparison | None) -> dict[tuple[str, int], float]:
    """What is compared, by method and seed."""
    samples = found.samples if found else []
    return {(each.name, seed): value for each in samples for seed, value in each.values.items()}


def _cells(
    runs: Sequence[tuple[Group, Run]],
    groups: Sequence[Group],
    values: dict[tuple[str, int], float],
) -> list[dict[str, Any]]:
    """The cells that most runs ended in."""
    counts = Counter(tuple(run.last["ops"]) for _, run in runs)
    cells = []
    for arch, count in counts.most_common(_CELLS):
        ended = [(group, run) for group, run in runs if tuple(run.last["ops"]) == arch]
        by = [(name_among(group, groups), run) for group, run in ended]
        last = by[0][1].last
        index = last.get("index")
        names = Counter(name for name, _ in by)
        told = [f"{name} {times}" for name, times in names.most_common(4)]
        if len(names) > len(told):
            told.append(f"and {len(names) - len(told)} more")
        known = {values[key] for key in ((name, run.seed) for name, run in by) if key in values}
        cells.append(
            {
                "svg": arch_svg(by[0][1].space, arch),
                "count": count,
                "index": literal(str(last["arch_str"]), most=80)
                if index is None
                else f"index {index}",
                "value": f"{next(iter(known)):.2f}" if len(known) == 1 else None,
                "methods": ", ".join(literal(text, most=80) for text in told),
            }
        )
    return cells


def _cells_words(runs: Sequence[Run]) -> str:
    counts = Counter(tuple(run.last["ops"]) for run in runs)
    text = f"{len(runs)} runs ended in {len(counts)} different cells."
    return text + (f" The {_CELLS} most frequent:" if len(counts) > _CELLS else "")


def _run(run: Run, label: str, values: dict[tuple[str, int], float], out: Path) -> dict[str, Any]:
    value = values.get((label, run.seed), math.nan)
    seconds = float((run.result or {}).get("seconds") or math.nan)
    folder = Path(os.path.relpath(run.folder, out))
    config = literal(str(run.folder / "config.yaml"))
    last = run.last
    facts = [
        (name, f"{last[key]:.4g}")
        for name, key in (
            ("E[H(β)], nats", "entropy"), ("temperature", "t"), ("supernet val, %", "val_acc"),
            ("discretised val, %", "net_val_acc_batch"), ("look-ups", "queries"),
        )
        if isinstance(last.get(key), int | float)
    ]  # fmt: skip
    kept = sum(op is not None for op in last["ops"])
    facts += [("skip, none", f"{last.get('skip_count')}, {last.get('none_count')} of {kept} edges")]
    if run.result and run.result.get("warning"):
        facts.append(("warning", literal(str(run.result["warning"]))))
    return {
        "label": literal(label, most=160),
        "seed": run.seed,
        "value": "" if math.isnan(value) else value,
        "value_text": "–" if math.isnan(value) else f"{value:.2f}",
        "index": "–" if last.get("index") is None else last["index"],
        "epochs": len(run.rows),
        "seconds": "" if math.isnan(seconds) else seconds,
        "seconds_text": "–" if math.isnan(seconds) else f"{seconds:.0f}",
        "folder": literal(run.folder.as_posix(), most=90),
        "links": [
            (name, quote((folder / name).as_posix()))
            for name in _FILES
            if (run.folder / name).exists()
        ],
        "command": shlex.join(["naslib-edd", "search", config, "out_dir=again"]),
        "arch": literal(str(last["arch_str"])),
        "facts": facts,
    }


def _reason(folder: Path) -> str:
    """What is wrong with a run."""
    try:
        load_run(folder)
    except UserError as error:
        return literal(str(error))
    return "it could not be read, and now it can: make the report again"
