"""The grammar of ``naslib-edd retrain``. Imports nothing before it runs."""

from __future__ import annotations

import argparse
import sys
from typing import Any


def add_retrain(commands: Any) -> None:
    """Add ``retrain``."""
    command = commands.add_parser("retrain", help="train one architecture's network by a recipe")
    command.add_argument(
        "arch",
        nargs="?",
        metavar="ARCH|RUN",
        help="an architecture, a Genotype(…) text, a published cell's name, or a search's folder; "
        "without it: list the recipes",
    )
    command.add_argument(
        "overrides", nargs="*", metavar="key=value", help="settings over the recipe: epochs=3"
    )
    command.add_argument("--recipe", metavar="NAME", help="the space's usual one by default")
    command.add_argument("--space", metavar="NAME", help="of the architecture, if unclear")
    command.add_argument("--data", metavar="PATH", help="the data set's file or folder")
    command.add_argument("--out", metavar="DIR", help="the run's folder")
    command.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    command.add_argument("--force", action="store_true", help="start over in a used folder")
    command.add_argument(
        "--dry-run", action="store_true", help="check all, time two steps, write nothing"
    )
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from naslib_edd.errors import UserError

    if options.arch is None:
        from naslib_edd.retrain.recipes import RECIPES

        for name, recipe in RECIPES.items():
            print(f"{name:<16} {recipe.title:<28} {recipe.source}")
        return 0
    if options.out is None and not options.dry_run:
        raise UserError("retrain writes into a folder: give --out DIR, or --dry-run")

    from naslib_edd.cli.own_process import settle
    from naslib_edd.engine.loop import Interrupted
    from naslib_edd.retrain.run import retrain
    from naslib_edd.storage.literal import literal

    settle(compiles=any("compile" in text for text in options.overrides))
    try:
        retrain(
            options.arch,
            options.recipe,
            options.overrides,
            out=options.out,
            data=options.data,
            space=options.space,
            resume=options.resume,
            force=options.force,
            dry_run=options.dry_run,
        )
    except Interrupted as stop:
        print(f"naslib-edd: {literal(str(stop))}", file=sys.stderr)
        return stop.code
    return 0
