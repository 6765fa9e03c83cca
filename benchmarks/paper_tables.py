r"""Run one of the paper's tables or figures under a time budget, in pieces that go on.

    python benchmarks/paper_tables.py table_1 --minutes 30
    python benchmarks/paper_tables.py figure_4 --minutes 30 --reduced
    python benchmarks/paper_tables.py 2A                     # made from the parts, no search

When the time is over, every run writes its checkpoint; the same command again goes on. Exit code 0:
all runs are finished; 3: some are left, and the report tells of those that are; 1: one has failed.
`--reduced` is the size of configs/reduced/methods.yaml (on the DARTS space: 5 cells, 1,600 images),
and every row says so. The device is the config's, `auto`: a GPU where there is one. Data and tables
are found as the README says. The errors of Tables 2, 3, 4 and 6 are of cells that are trained anew:
`naslib-edd retrain FOLDER` of each run (configs/sweeps/README.md). In ten epochs PCD has no whole
cycle, only its last descent: a reduced row of it says little of the method.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from naslib_edd.errors import UserError
from naslib_edd.report import report
from naslib_edd.report.paper_figures import draw_paper_figure
from naslib_edd.storage.files import write_text
from naslib_edd.sweep.plan import read
from naslib_edd.sweep.status import status

SWEEPS = Path(__file__).parents[1] / "configs" / "sweeps"
#: Name -> its sweeps, which share a folder.
NAMES = {
    "table_1": ("table_1",),
    "table_2": ("table_2", "table_2_pc_darts"),
    "table_3": ("table_3", "table_3_partial"),
    "table_5": ("table_5", "table_5_softmax"),
    "table_6": ("table_6", "table_6_softmax"),
    "table_7": ("table_7",),
    "table_7_darts": ("table_7_darts",),
    "figure_4": ("figure_4",),
}
#: Those on the DARTS space and S1 to S4, where a network's cells are counted in all.
DARTS = ("table_2", "table_3", "table_6", "table_7_darts")
PARTS = ("2A", "2B", "3")
REDUCED = {
    "search.channels": 8,
    "search.cells": 1,
    "search.epochs": 10,
    "search.limit_train": 10_000,
    "search.limit_val": 10_000,
}
REDUCED_DARTS = {
    **REDUCED,
    "search.cells": 5,
    "search.batch_size": 32,
    "search.limit_train": 1600,
    "search.limit_val": 1600,
}
#: Seconds that runs have for their checkpoints, when the time is over.
_GRACE = 120
LEFT = 3


def plan(name: str, out: Path, *, settings: dict[str, Any], keys: dict[str, Any]) -> list[Path]:
    """The sweeps of a table, written below ``out`` with what differs; their files."""
    files = []
    for sweep in NAMES[name]:
        source = SWEEPS / f"{sweep}.yaml"
        given = yaml.safe_load(source.read_text("utf-8"))
        bases = given["config"] if isinstance(given["config"], list) else [given["config"]]
        given["config"] = [str((source.parent / base).resolve()) for base in bases]
        given["set"] = {**given.get("set", {}), **settings}
        given |= {"out_dir": str(out), **keys}
        files.append(write_text(out / f"{sweep}.yaml", yaml.safe_dump(given, sort_keys=False)))
    return files


def run_for(file: Path, seconds: float) -> None:
    """A sweep for so many seconds at most; then its runs write their checkpoints."""
    command = [sys.executable, "-m", "naslib_edd.cli", "sweep", str(file)]
    with subprocess.Popen(command) as sweep:
        try:
            sweep.wait(seconds)
        except subprocess.TimeoutExpired:
            sweep.send_signal(signal.SIGINT)
            try:
                sweep.wait(_GRACE)
            except subprocess.TimeoutExpired:
                sweep.kill()


def run(name: str, out: Path, *, minutes: float, settings: dict[str, Any],
        keys: dict[str, Any]) -> int:  # fmt: skip
    """All sweeps of a table, the time shared as they come; the exit code."""
    end = time.monotonic() + 60 * minutes
    files = plan(name, out, settings=settings, keys=keys)
    for file in files:
        left = end - time.monotonic()
        if left > 0 and any(status(task).state != "finished" for task in read(file).tasks()):
            run_for(file, left)
    states = [status(task) for file in files for task in read(file).tasks()]
    finished = [found.task.folder for found in states if found.state == "finished"]
    failed = [found for found in states if found.state == "failed"]
    if finished:
        for path in report(finished, out):
            print(path)
    print(f"{name}: {len(finished)} of {len(states)} runs finished, {len(failed)} failed")
    for found in failed:
        print(f"{found.task.name}: {found.words}")
    return 1 if failed else 0 if len(finished) == len(states) else LEFT


def main() -> int:
    """Exit code 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("name", choices=[*NAMES, *PARTS])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument(
        "--reduced",
        action="store_true",
        help="10 epochs: C=8, N=1, 10k images; on the DARTS space C=8, 5 cells, 1,600",
    )
    parser.add_argument("--set", nargs="*", default=[], metavar="key=value", help="more settings")
    parser.add_argument("--seeds", type=int, help="how many; the sweep's own by default")
    parser.add_argument("--jobs", type=int, help="processes at once; cores by default")
    parser.add_argument("--out", type=Path, help="default: runs/NAME, or runs/NAME_reduced")
    options = parser.parse_args()
    out = options.out or Path("runs") / (options.name + ("_reduced" if options.reduced else ""))
    reduced = REDUCED_DARTS if options.name in DARTS else REDUCED
    settings = dict(reduced if options.reduced else {})
    try:
        if options.name in PARTS:
            print(draw_paper_figure(options.name, out / f"figure_{options.name}.svg"))
            return 0
        for text in options.set:
            key, equals, value = text.partition("=")
            if not equals:
                raise UserError(f"--set {text!r} is no key=value")
            settings[key] = yaml.safe_load(value)
        keys = {key: getattr(options, key) for key in ("seeds", "jobs")}
        keys = {key: value for key, value in keys.items() if value is not None}
        return run(options.name, out, minutes=options.minutes, settings=settings, keys=keys)
    except UserError as error:
        print(f"paper_tables.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
