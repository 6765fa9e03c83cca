"""Where and how a benchmark ran."""

from __future__ import annotations

import argparse
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from naslib_edd import __version__
from naslib_edd.supernet.native import kernels
from naslib_edd.supernet.native.targets import target
from racing.shape import Record


def surroundings(options: argparse.Namespace) -> Record:
    """Command, processor, versions, date; ``isa``: the instruction set that all are held to.

    ``kernels``: whether the fast engine's C++ runs.
    """
    cuda = torch.cuda.get_device_name() if options.device == "cuda" else None
    return {
        "command": " ".join(["python", "benchmarks/speed.py", *public(options)]),
        "processor": processor(), "gpu": cuda,
        "threads": torch.get_num_threads(), "torch": torch.__version__,
        "isa": target().name,
        "kernels": options.device == "cpu" and kernels() is not None,
        "python": platform.python_version(), "system": platform.system(),
        "naslib_edd": __version__,
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }  # fmt: skip


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


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit(checkout: str | None) -> str | None:
    """The commit of a checkout, or ``unknown``; None for None."""
    if checkout is None:
        return None
    try:
        command = ["git", f"--git-dir={Path(checkout) / '.git'}", "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
