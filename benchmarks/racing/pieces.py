"""A benchmark in pieces: each is saved when it is done, and not done again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from naslib_edd.errors import UserError
from naslib_edd.files import write_text
from racing.shape import Record

Piece = Callable[[], Record]


def run_pieces(
    pieces: Mapping[str, Piece],
    out: Path,
    *,
    head: Record,
    settings: Record,
    finish: Callable[[Record], Record],
    tell: Callable[[str], None],
) -> Record:
    """Do what ``out`` does not hold yet, and return the record of all.

    Args:
        head: where and how this run takes place; kept with each piece that it does.
        settings: a record of other settings is not gone on with, but replaced.
        finish: what follows from the pieces so far, laid over the record.
        tell: is told of each piece, in one line.

    Raises:
        UserError: ``out`` is no record.
    """
    record = _held(out)
    if record.get("settings") != settings:
        if record:
            tell(f"{out.name} is of other settings: all is measured anew")
        record = {"settings": settings, "pieces": {}}
    done = record["pieces"]
    for name, work in pieces.items():
        if name in done:
            tell(f"{name}: in {out.name} already")
            continue
        tell(f"{name} …")
        began = time.perf_counter()
        found = work()
        done[name] = {**found, "took": time.perf_counter() - began, "head": head}
        record = {**head, **record, "pieces": done}
        record |= finish(record)
        write_text(out, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        tell(f"{name}: {done[name]['took']:.0f} s")
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
