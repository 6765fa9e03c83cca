"""Build ``kernels.cpp`` and its kin at their first use, keep it in the user's cache, and load it.

Its OpenMP functions are those of the runtime that PyTorch has loaded, so both share one pool of
threads: the library is linked without a runtime of its own. Whatever fails (no compiler, no place
to write, another runtime), the caller goes on with PyTorch alone, and :func:`why_not` says why.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import torch

from naslib_edd.supernet.native import cache
from naslib_edd.supernet.native.kernels import Kernels
from naslib_edd.supernet.native.targets import Target, processor, target

SOURCE = Path(__file__).with_name("kernels.cpp")
#: Of the same library, each compiled by itself.
OTHERS = tuple(SOURCE.with_name(name) for name in ("nodes.cpp", "convolutions.cpp"))
FLAGS = ("-std=c++17", "-O3", "-fno-math-errno", "-fopenmp", "-fPIC")

_log = logging.getLogger(__name__)


@lru_cache(maxsize=8)
def _attempt(of: Target) -> tuple[Kernels | None, str]:
    try:
        return load(of), ""
    except subprocess.TimeoutExpired:
        return None, "the C++ compiler took too long"
    except subprocess.CalledProcessError as error:
        words = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        return None, "the C++ compiler failed" + (f": {words[0][:200]}" if words else "")
    except (OSError, AttributeError) as error:
        return None, str(error).splitlines()[0]


def built() -> Kernels | None:
    """The kernels for this processor, built if need be (some seconds, once); None without."""
    return _attempt(target())[0]


def why_not() -> str:
    """Why :func:`built` has none; empty where it has."""
    return _attempt(target())[1]


def forget() -> None:
    """Look for the kernels anew at the next use."""
    _attempt.cache_clear()
    key.cache_clear()


def load(of: Target) -> Kernels:
    """The kernels for an instruction set, from the cache or built; damaged ones are built anew.

    Raises:
        OSError: no compiler, or no place to keep them that is the user's own.
        subprocess.SubprocessError: the compiler failed.
    """
    library = cache.folder() / f"kernels_{key(of)}.so"
    if library.exists():
        kept = cache.read(library)
        if kept is not None:
            try:
                return _loaded(library, kept, of)
            except (OSError, AttributeError):
                pass
        _log.warning("the C++ kernels in %s are damaged; they are built anew", library)
    content = compiled(of)
    cache.keep(library, content)
    return _loaded(library, content, of)


def _loaded(library: Path, content: bytes, of: Target) -> Kernels:
    """From the bytes that were checked: a file that is cut short later would take us down."""
    found = ctypes.CDLL(_in_memory(library.name, content) or str(library))
    return Kernels(found, convolves=of.convolves)


def _in_memory(name: str, content: bytes) -> str | None:
    """The path of a file in memory; None where that is not possible (macOS, limits, no /proc)."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        descriptor = os.memfd_create(name)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        path = f"/proc/self/fd/{descriptor}"
        Path(path).stat()
    except OSError:
        return None
    # Never closed: the loader knows what it has loaded by its path, which holds this number.
    return path


def _compiler() -> str:
    for name in (os.environ.get("CXX"), "g++", "c++"):
        if name and shutil.which(name):
            return name
    raise OSError("no C++ compiler")


@lru_cache(maxsize=8)
def key(of: Target) -> str:
    """Of what a library is made from and for: source, compiler, flags, PyTorch and processor."""
    version = subprocess.run(
        [_compiler(), "--version"], capture_output=True, check=True, timeout=60
    ).stdout
    sources = [SOURCE, *OTHERS, *sorted(SOURCE.parent.glob("*.h"))]
    parts = [
        *(source.read_bytes() for source in sources),
        version,
        " ".join([*FLAGS, *of.flags, torch.__version__]).encode(),
        processor().encode(),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def compiled(of: Target) -> bytes:
    """The library for an instruction set."""
    with tempfile.TemporaryDirectory(dir=cache.folder()) as folder:
        linked = Path(folder, "kernels.so")
        made = {source: Path(folder, f"{source.stem}.o") for source in (SOURCE, *OTHERS)}
        words = [_compiler(), *FLAGS, *of.flags, "-c"]
        with ThreadPoolExecutor() as pool:  # each waits for a compiler of its own
            list(pool.map(_run, ([*words, str(one), "-o", str(to)] for one, to in made.items())))
        _run([_compiler(), "-shared", *map(str, made.values()), "-o", str(linked)])
        return linked.read_bytes()


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, capture_output=True, check=True, timeout=180)
