"""Build ``kernels.cpp`` at its first use, keep it in the user's cache, and load it.

Its OpenMP functions are those of the runtime that PyTorch has loaded, so both share one pool of
threads: the library is linked without a runtime of its own. Whatever fails (no compiler, no place
to write, another runtime), the caller goes on with PyTorch alone, and the log says so once.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from naslib_edd.native.kernels import Kernels

SOURCE = Path(__file__).with_name("kernels.cpp")
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fopenmp", "-fPIC")
#: ``0`` keeps to PyTorch alone; ``1`` takes the kernels on any processor.
VARIABLE = "NASLIB_EDD_KERNELS"


@lru_cache(maxsize=1)
def kernels() -> Kernels | None:
    """The kernels, built if need be (about two seconds, once); None where that is not possible.

    Their blocks of 16 floats live in registers only where registers hold 16: without AVX-512
    PyTorch's passes are 2.7 to 4.2 times as fast, and are taken.
    """
    asked = os.environ.get(VARIABLE)
    if asked == "0" or (asked != "1" and torch.backends.cpu.get_cpu_capability() != "AVX512"):
        return None
    try:
        library = _folder() / f"kernels_{_key()}.so"
        if not library.exists():
            _build(library)
        return Kernels(ctypes.CDLL(str(library)))
    except (OSError, subprocess.SubprocessError):
        return None


def native_kernels(x: Tensor) -> Kernels | None:
    """The kernels if they can take x [B, C, H, W]: on a CPU, fp32 or fp64, channels-last."""
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        return None
    if not x.is_contiguous(memory_format=torch.channels_last):
        return None
    return kernels()


def _compiler() -> str:
    for name in (os.environ.get("CXX"), "g++", "c++"):
        if name and shutil.which(name):
            return name
    raise OSError("no C++ compiler")


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "naslib_edd"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid") and folder.stat().st_uid not in (os.getuid(), 0):
        raise OSError(f"{folder} is another user's: nothing is loaded from there")
    return folder


def _key() -> str:
    """Of what the library is made from and for: its source, compiler, flags and processor."""
    version = subprocess.run(
        [_compiler(), "--version"], capture_output=True, check=True, timeout=60
    ).stdout
    sources = [SOURCE, *sorted(SOURCE.parent.glob("*.h"))]
    parts = [
        *(source.read_bytes() for source in sources),
        version,
        " ".join(FLAGS).encode(),
        _processor().encode(),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    told = [line for line in lines if line.startswith(("model name", "flags"))]
    return "\n".join(told[:2]) or f"{platform.machine()} {platform.processor()}"


def _build(library: Path) -> None:
    """Compile beside the library and rename: two processes at once do no harm."""
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        made, linked = Path(folder, "kernels.o"), Path(folder, library.name)
        for command in (
            [_compiler(), *FLAGS, "-c", str(SOURCE), "-o", str(made)],
            [_compiler(), "-shared", str(made), "-o", str(linked)],
        ):
            subprocess.run(command, capture_output=True, check=True, timeout=120)
        linked.replace(library)
