"""The record of a benchmark: made piece by piece, each with where and how it was measured.

A piece is saved when it is done. The same command again goes on with what is missing; other
settings, versions or checkouts of rivals begin anew.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import torch

from naslib_edd.engine.provenance import here
from naslib_edd.errors import UserError
from naslib_edd.storage.files import write_text
from naslib_edd.supernet.native import kernels
from naslib_edd.supernet.native.targets import target
from racing.steps import CPU, Record

#: What is measured in one go.
Piece = Callable[[], Record]


def run_pieces(
    pieces: Mapping[str, Piece],
    judge: Callable[[Mapping[str, Record]], list[Record]],
    out: Path,
    *,
    head: Record,
    settings: Record,
    tell: Callable[[str], object],
    most: int | None = None,
) -> Record:
    """Do what ``out`` does not hold yet, at most so many pieces, and return the record of all.

    Args:
        judge: what the pieces so far say of each goal.
        head: where and how this run takes place; kept with each piece that it does.
        settings: a record of other settings is not gone on with, but replaced.
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
    missing = [name for name in pieces if name not in done]
    for name in pieces:
        if name in done:
            tell(f"{name}: in {out.name} already")
    for number, name in enumerate(missing[:most], len(pieces) - len(missing) + 1):
        title = f"[{number} of {len(pieces)}] {name}"
        tell(f"{title} …")
        began = time.perf_counter()
        found = pieces[name]()
        took = time.perf_counter() - began
        done[name] = {**found, "took": took, "head": head}
        record = {**head, **record, "goals": judge(done)}
        write_text(out, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        left = len(pieces) - number
        tell(f"{title}: {took:.0f} s{f'; {left} to go' if left else ''}")
    return {**head, **record, "goals": judge(done)}


def _held(out: Path) -> Record:
    """The record in ``out``; empty where there is none, or one that is not in pieces."""
    if not out.exists():
        return {}
    try:
        found = json.loads(out.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{out} is no record: {error}; delete it, or name another --out") from None
    return found if isinstance(found, dict) and "pieces" in found else {}


def surroundings(device: torch.device = CPU) -> Record:
    """Processor, versions, date; the instruction set that all are held to; whether C++ runs."""
    place, on_gpu = here(device), device.type == "cuda"
    return {
        "gpu": place["device"] if on_gpu else None,
        **{name: place[name] for name in ("processor", "threads", "torch", "python")},
        "isa": target().name,
        "kernels": not on_gpu and kernels() is not None,
        "system": platform.system(),
        "naslib_edd": place["version"],
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def settings(options: argparse.Namespace, head: Record) -> Record:
    """What a record must have in common with a run that goes on with it."""
    names = ["methods", "repeats", "sampled_repeats", "warmup", "device"]
    names += ["batch_sizes"] if options.device == "cuda" else ["threads", "allocator"]
    shape = asdict(options.shape)
    if options.device == "cuda":
        del shape["batch_size"]
    of_head = ("processor", "isa", "gpu", "torch", "naslib_edd", "kernels")
    return {
        **shape,
        **{name: getattr(options, name) for name in names},
        **{name: commit(getattr(options, name)) for name in ("autodl", "naslib")},
        **{name: head[name] for name in of_head},
        "cudnn_tf32": torch.backends.cudnn.allow_tf32,
    }


def command(options: argparse.Namespace) -> str:
    """The command line, without any path outside the working folder."""
    names = {options.autodl: "AutoDL-Projects", options.naslib: "NASLib"}
    if options.out is not None and Path(options.out).is_absolute():
        names[options.out] = Path(options.out).name
    words = ["python", "benchmarks/speed.py"]
    for word in options.arguments:
        option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        words.append(option + equals + names.get(value, value))
    return " ".join(words)


def commit(checkout: str | None) -> str | None:
    """The commit of a checkout, or ``unknown``; None for None."""
    if checkout is None:
        return None
    asked = ["git", f"--git-dir={Path(checkout) / '.git'}", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
