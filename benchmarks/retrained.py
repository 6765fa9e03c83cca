"""Trainings by ``naslib-edd retrain`` for benchmarks, each in a folder that it goes on with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from naslib_edd.errors import UserError, on_command_line
from naslib_edd.retrain.run import retrain
from naslib_edd.storage.record import RunFolder


def retrained(
    arch: str, recipe: str, overrides: Sequence[str], *, out: Path, data: str | None
) -> dict[str, Any]:
    """The result of a training, which is begun, or gone on with, where there is none yet.

    Raises:
        UserError: see :func:`naslib_edd.retrain.run.retrain`.
    """
    finished = RunFolder(out).read_result()
    if finished is None:
        retrain(arch, recipe, overrides, out=out, data=data, resume=True)
        finished = RunFolder(out).read_result()
    assert finished is not None
    return finished[0]


def about(result: dict[str, Any], note: str | None) -> dict[str, Any]:
    """What all trainings of a benchmark have in common: recipe, changed settings, images."""
    return {
        "recipe": result["recipe"],
        "changed": result["changed"],
        "images": result["images"] | {"source": Path(result["images"]["source"]).name},
        "data_note": note,
    }


def title(found: dict[str, Any]) -> str:
    """One line that says what :func:`about` holds."""
    told = ", ".join(f"{key}={value}" for key, value in found["changed"].items())
    name = found["data_note"] or found["images"]["name"]
    return (
        f"{name}, recipe {found['recipe']} with {told or 'all'}: "
        "test accuracy, %, of the last weights"
    )


def options_of(doc: str | None) -> argparse.ArgumentParser:
    """What these benchmarks are told alike; the program's text begins with what it is."""
    parser = argparse.ArgumentParser(description=str(doc).splitlines()[0])
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--data", metavar="PATH", help="CIFAR-10's file or folder")
    parser.add_argument("--data-note", metavar="TEXT", help="e.g. 'CIFAR-10 (JPEG)'")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="over the recipe")
    return parser


def exit_code(name: str, run: Callable[[], None]) -> int:
    """Run it: 0 done, 2 bad input, which is said on standard error."""
    try:
        with on_command_line():
            run()
    except UserError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    return 0
