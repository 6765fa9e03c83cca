r"""The cells of searches on the DARTS spaces, and four published ones, trained by one short recipe.

Each cell's network is trained from scratch by ``naslib-edd retrain`` (recipe ``darts_cifar``,
smaller as the options say). Beside its test accuracy: parameters and multiply-adds of the same
cell in the papers' network (C=36, 20 cells), and the parameters that the papers print. Each run is
a folder that a stopped program goes on with; the summary is written anew after each.

    python benchmarks/darts_cells.py --out runs/darts_cells --data cifar10.npz \
        --searches benchmarks/results/darts_spaces --data-note "CIFAR-10 (JPEG)" \
        channels=8 cells=8 epochs=10 limit_train=2000 batch_size=32
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from retrained import about, exit_code, options_of, retrained, title

from naslib_edd.report.runs import load_runs
from naslib_edd.spaces.darts.cost import CIFAR, cost
from naslib_edd.spaces.darts.genotype import Genotype
from naslib_edd.spaces.darts.genotype_forms import parse
from naslib_edd.spaces.darts.published import PUBLISHED
from naslib_edd.storage.files import write_text

RECIPE = "darts_cifar"
FOUR = ("DARTS_V2", "PC_DARTS_cifar", "SDARTS_ADV", "DrNAS_cifar")
#: Parameters in millions that the paper's Table 1 has of these methods' cells, found by searches at
#: full size in the whole space.
PAPER = {"pc_darts": 3.6, "edd_darts": 3.6}


class Cell(NamedTuple):
    """A genotype and where it is from.

    Attributes:
        space, method: of the search; "published" and the cell's name of others.
        seed: of the search; None of others.
        genotype: both cells.
        printed: its parameters in millions as its paper prints them, or those of the method's cell
            in EDD's paper; None where there is none.
    """

    space: str
    method: str
    seed: int | None
    genotype: Genotype
    printed: float | None

    @property
    def folder(self) -> Path:
        """Of its training, relative."""
        return Path(self.space, self.method, *([] if self.seed is None else [str(self.seed)]))


def published() -> Iterator[Cell]:
    """The four."""
    for name in FOUR:
        cell = PUBLISHED[name]
        yield Cell("published", name, None, cell.genotype, cell.printed.cifar)


def searched(folder: Path) -> list[Cell]:
    """Those of all finished searches in a folder, by seed, space and method.

    Raises:
        UserError: there is none.
    """
    found = []
    for run in load_runs([folder]):
        if run.result is None:
            continue
        space, method = run.space.name, str(run.config["optimizer"])
        printed = PAPER.get(method) if space == "darts" else None
        genotype = parse(str(run.result["arch_str"]))
        found.append(Cell(space, method, run.seed, genotype, printed))
    return sorted(found, key=lambda cell: (cell.seed, cell.space, cell.method))


def row_of(cell: Cell, result: dict[str, Any]) -> dict[str, Any]:
    """What the summary says of a cell."""
    papers = cost(cell.genotype, CIFAR)
    return {
        "space": cell.space,
        "method": cell.method,
        "seed": cell.seed,
        "skips": [cell.genotype.count("skip_connect", kind) for kind in ("normal", "reduce")],
        "parameters": papers.parameters,
        "flops": papers.flops,
        "printed": cell.printed,
        "test_acc": result["test_acc"],
        "train_acc": result["train_acc"],
        "seconds": result["seconds"],
        "genotype": str(cell.genotype),
    }


def markdown(rows: Sequence[dict[str, Any]], heading: str) -> str:
    """A row a cell, skip connections of the normal and the reduce cell; the means of seeds."""
    lines = [
        heading,
        "",
        "| space | method | seed | test % | skip | M parameters | printed | M FLOPs |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    ordered = sorted(rows, key=lambda row: (row["space"], row["method"], row["seed"] or 0))
    for row in ordered:
        seed = "–" if row["seed"] is None else row["seed"]
        printed = "–" if row["printed"] is None else f"{row['printed']:.1f}"
        skips = " + ".join(map(str, row["skips"]))
        lines.append(
            f"| {row['space']} | {row['method']} | {seed} | {row['test_acc']:.2f} | {skips} | "
            f"{row['parameters'] / 1e6:.2f} | {printed} | {row['flops'] / 1e6:.0f} |"
        )
    groups: dict[tuple[str, str], list[float]] = {}
    for row in ordered:
        if row["seed"] is not None:
            groups.setdefault((row["space"], row["method"]), []).append(row["test_acc"])
    told = [
        f"{space} {method} {statistics.mean(found):.2f} (n = {len(found)})"
        for (space, method), found in groups.items()
        if len(found) > 1
    ]
    if told:
        lines += ["", "Means: " + ", ".join(told) + "."]
    return "\n".join(lines) + "\n"


def run(options: argparse.Namespace) -> None:
    """Train what is not trained yet, and write ``cells.json`` and ``cells.md``."""
    out = Path(options.out)
    cells = [*published(), *searched(Path(options.searches))]
    rows: list[dict[str, Any]] = []
    for number, cell in enumerate(cells, 1):
        print(f"cell {number} of {len(cells)}: {cell.folder}", flush=True)
        result = retrained(
            str(cell.genotype),
            RECIPE,
            options.overrides,
            out=out / cell.folder,
            data=options.data,
        )
        rows.append(row_of(cell, result))
        shared = about(result, options.data_note)
        write_text(out / "cells.json", json.dumps({**shared, "rows": rows}, indent=2) + "\n")
        write_text(out / "cells.md", markdown(rows, title(shared)))
    print((out / "cells.md").read_text("utf-8"), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; errors for people go to standard error."""
    parser = options_of(__doc__)
    parser.add_argument("--searches", required=True, metavar="DIR", help="finished searches")
    options = parser.parse_args(arguments)
    return exit_code("darts_cells", lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
