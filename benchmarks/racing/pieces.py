"""A benchmark in pieces: each is saved when it is done, and not done again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from naslib_edd.errors import UserError
from naslib_edd.storage.files import write_text
from racing.shape import Record, Tick


class Piece(NamedTuple):
    """What is measured in one go.

    Attributes:
        work: measures; calls the function that it is given with what it has just done.
        ticks: how often it does so; what the rest will take is estimated by it.
    """

    work: Callable[[Tick], Record]
    ticks: int = 1


def run_pieces(
    pieces: Mapping[str, Piece],
    out: Path,
    *,
    head: Record,
    settings: Record,
    finish: Callable[[Record], Record],
    tell: Tick,
    tick: Tick = lambda done: None,
    most: int | None = None,
) -> Record:
    """Do what ``out`` does not hold yet, and return the record of all.

    Args:
        head: where and how this run takes place; kept with each piece that it does.
        settings: a record of other settings is not gone on with, but replaced.
        finish: what follows from the pieces so far, laid over the record.
        tell: is told of each piece, in one line.
        tick: is told of each tick of a piece.
        most: stop after so many pieces.

    Raises:
        UserError: ``out`` is no record.
    """
    record = _held(out)
    if record.get("settings") != settings:
        if record:
            tell(f"{out.name} is of other settings: all is measured anew")
        record = {"settings": settings, "pieces": {}}
    done = record["pieces"]
    missing = {name: piece for name, piece in pieces.items() if name not in done}
    for name in pieces:
        if name in done:
            tell(f"{name}: in {out.name} already")
    held, spent = len(pieces) - len(missing), 0.0
    ticks = left = sum(piece.ticks for piece in missing.values())
    for number, (name, piece) in enumerate(list(missing.items())[:most], 1):
        place = f"{held + number} of {len(pieces)}"
        tell(f"[{place}] {name} …")
        began = time.perf_counter()
        found = piece.work(lambda what, at=f"{place}, {name}": tick(f"{at}: {what}"))  # type: ignore[misc]
        took = time.perf_counter() - began
        done[name] = {**found, "took": took, "head": head}
        record = {**head, **record, "pieces": done}
        record |= finish(record)
        write_text(out, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        left, spent = left - piece.ticks, spent + took
        to_go = len(missing) - number
        more = f"; {to_go} to go, some {spent / (ticks - left) * left / 60:.1f} min"
        tell(f"[{place}] {name}: {took:.0f} s{more if to_go else ''}")
    return {**head, **record, **finish(record)}


def _held(out: Path) -> Record:
    """The record in ``out``; empty where there is none, or one that is not in pieces."""
    if not out.exists():
        return {}
    try:
        found = json.loads(out.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{out} is no record: {error}; delete it, or name another --out") from None
    return found if isinstance(found, dict) and "pieces" in found else {}
