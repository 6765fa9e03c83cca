"""The grammar of ``naslib-edd genotype``. Imports nothing before it runs."""

from __future__ import annotations

import argparse
from typing import Any


def add_genotype(commands: Any) -> None:
    """Add ``genotype``."""
    genotype = commands.add_parser("genotype", help="a cell of the DARTS space: costs, a drawing")
    genotype.add_argument(
        "arch",
        nargs="?",
        metavar="ARCH",
        help="a published cell's name (DARTS_V2), a Genotype(…) text, a file or a run's folder "
        "that holds one; without it: list the published cells",
    )
    genotype.add_argument("--draw", metavar="FILE", help="draw both cells (.png, .svg, .pdf)")
    genotype.add_argument(
        "--nb301",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="ask NAS-Bench-301's surrogate, its models in FOLDER (NASLIB_EDD_NB301)",
    )
    genotype.add_argument("--json", action="store_true", help="print JSON")
    genotype.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from naslib_edd.cli import genotype_command

    if options.arch is None:
        return genotype_command.show_published(as_json=options.json)
    return genotype_command.show(
        options.arch, draw=options.draw, nb301=options.nb301, as_json=options.json
    )
