"""On what a run ran: program, processor, threads. A resumed run may have ran on several."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from naslib_edd import __version__

Place = dict[str, Any]


def here(device: torch.device, kernels: Mapping[str, Any] | None = None) -> Place:
    """What may change a run's rounding, or its seconds, beside its config.

    Args:
        device: where the run is.
        kernels: a run's choice of C++ kernels or PyTorch's passes; None where it has none.
    """
    return {
        "version": __version__,
        "commit": _commit(),
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "kernels": None if kernels is None else dict(kernels),
    }


def went_on(before: Sequence[Mapping[str, Any]], place: Place, *, epoch: int) -> list[Place]:
    """The places of a run so far, and this one from `epoch` (0-based) on, if it is another."""
    places = [dict(one) for one in before]
    last = (
        {key: value for key, value in places[-1].items() if key != "from_epoch"} if places else None
    )
    return places if last == place else [*places, {"from_epoch": epoch, **place}]


@lru_cache(maxsize=1)
def _commit() -> str | None:
    """The commit of the checkout that the package lies in, "+" behind it where it is changed."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    told = [
        _run(["git", "-C", str(root), *command])
        for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "--", "naslib_edd"])
    ]
    return None if told[0] is None else told[0] + "+" * bool(told[1])


@lru_cache(maxsize=1)
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    if names:
        return names[0]
    if platform.system() == "Darwin":
        return _run(["sysctl", "-n", "machdep.cpu.brand_string"]) or platform.machine()
    return platform.processor() or platform.machine()


def _run(command: list[str]) -> str | None:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
