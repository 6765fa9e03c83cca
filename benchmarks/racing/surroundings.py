"""Where and how a benchmark ran."""

from __future__ import annotations

import argparse
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from naslib_edd.engine.provenance import here
from naslib_edd.supernet.native import kernels
from naslib_edd.supernet.native.targets import target
from racing.shape import Record


def surroundings(options: argparse.Namespace) -> Record:
    """Command, processor, versions, date; ``isa``: the instruction set that all are held to.

    ``kernels``: whether the fast engine's C++ runs.
    """
    device = torch.device(options.device)
    place = here(device)
    return {
        "command": " ".join(["python", "benchmarks/speed.py", *public(options)]),
        "gpu": place["device"] if device.type == "cuda" else None,
        **{name: place[name] for name in ("processor", "threads", "torch", "python")},
        "isa": target().name,
        "kernels": options.device == "cpu" and kernels() is not None,
        "system": platform.system(),
        "naslib_edd": place["version"],
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def public(options: argparse.Namespace) -> Sequence[str]:
    """The arguments, without any path outside the working folder."""
    names = {options.autodl: "AutoDL-Projects", options.naslib: "NASLib"}
    if options.out is not None and Path(options.out).is_absolute():
        names[options.out] = Path(options.out).name
    words = []
    for word in options.arguments:
        option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        words.append(option + equals + names.get(value, value))
    return words


def commit(checkout: str | None) -> str | None:
    """The commit of a checkout, or ``unknown``; None for None."""
    if checkout is None:
        return None
    command = ["git", f"--git-dir={Path(checkout) / '.git'}", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
