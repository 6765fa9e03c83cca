"""Build ``kernels.cpp`` at its first use, keep it in the user's cache, and call it by ctypes.

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
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SOURCE = Path(__file__).with_name("kernels.cpp")
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fopenmp", "-fPIC")
#: ``0`` keeps to PyTorch alone.
VARIABLE = "NASLIB_EDD_KERNELS"
_SUFFIX = {torch.float32: "f32", torch.float64: "f64"}


class Kernels:
    """The functions of the library on tensors [B, C, H, W] in channels-last memory, on a CPU."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance [C] of x [B, C, H, W] over batch and pixels."""
        images, channels, height, width = x.shape
        mean, variance = x.new_empty(2, channels).unbind()
        sizes = (images, height * width, channels)
        self._call("moments", x.dtype, [x, mean, variance], sizes)
        return mean, variance

    def rectify(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """ReLU(h) [B, C, H, W], and its mean over batch and pixels [C]."""
        images, channels, height, width = h.shape
        rectified, mean = torch.empty_like(h), h.new_empty(channels)
        sizes = (images, height * width, channels)
        self._call("rectify", h.dtype, [h, rectified, mean], sizes)
        return rectified, mean

    def forward(
        self,
        h: Tensor,
        pointwise: Tensor,
        y3: Tensor,
        scale: Tensor,
        shift: Tensor,
        skip: Tensor,
        pool: Tensor,
        before: Sequence[Tensor | None],
    ) -> list[Tensor]:
        """before_e + scale·y3_e + shift + W_e·ReLU(h) + skip_e·h + pool_e·average_pool(h), for all e.

        W, the 1×1 convolutions of all edges: pointwise [C, E·C].
        """
        totals = [torch.empty_like(h) for _ in before]
        rest = [before, totals]
        self._call(
            "forward", h.dtype, [h, pointwise, y3, scale, shift, skip, pool, *rest], _sizes(h, skip)
        )
        return totals

    def sums(
        self, grads: Sequence[Tensor], y3: Tensor, h: Tensor, mean: Tensor, *, of_passes: bool
    ) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """Of the gradients g of all edges, in one pass: what the backward pass needs of sums.

        Args:
            of_passes: also those of the weights of skip and pool.

        Returns:
            Σg [E·C]; Σg·(y3 − mean) [E·C]; ⟨h, g_e⟩ [E] and ⟨average_pool(h), g_e⟩ [E], or None.
        """
        total, along = torch.empty_like(mean), torch.empty_like(mean)
        skip, pool = h.new_empty(2, len(grads)).unbind() if of_passes else (None, None)
        pointers = [grads, y3, h, mean, total, along, skip, pool]
        self._call("sums", h.dtype, pointers, _sizes(h, grads))
        return total, along, skip, pool

    def norm_backward(
        self, grads: Sequence[Tensor], y3: Tensor, a: Tensor, b: Tensor, constant: Tensor
    ) -> Tensor:
        """a·g + b·y3 + constant, the three [E·C]: [B, E·C, H, W]."""
        out = torch.empty_like(y3)
        self._call("norm_backward", y3.dtype, [grads, y3, a, b, constant, out],
                   _sizes(grads[0], grads))  # fmt: skip
        return out

    def gradient_(
        self,
        dr: Tensor,
        grads: Sequence[Tensor],
        rectified: Tensor,
        pointwise: Tensor,
        pull: Tensor,
        constant: Tensor,
        skip: Tensor,
        pool: Tensor,
    ) -> Tensor:
        """dr + Σ Wᵀ_e·g_e + P·r + constant where r > 0, + Σ skip_e·g_e + the pool's of Σ pool_e·g_e.

        The gradient of h, written over dr. W: pointwise [E·C, C]; Pᵀ: pull [C, C]; constant: [C].
        """
        pointers: list[Tensor | Sequence[Tensor | None] | None] = [
            *(grads, rectified, pointwise, pull, constant, skip, pool, dr)
        ]
        self._call("gradient", dr.dtype, pointers, _sizes(dr, skip))
        return dr

    def _call(
        self,
        name: str,
        dtype: torch.dtype,
        arguments: Sequence[Tensor | Sequence[Tensor | None] | None],
        sizes: Sequence[int],
    ) -> None:
        function = getattr(self._library, f"{name}_{_SUFFIX[dtype]}")
        pointers = [
            _pointer(one) if one is None or isinstance(one, Tensor) else _pointers(one)
            for one in arguments
        ]
        function(*pointers, *(ctypes.c_int64(size) for size in sizes),
                 ctypes.c_int(torch.get_num_threads()))  # fmt: skip


def _sizes(x: Tensor, edges: Sequence[Any] | Tensor) -> tuple[int, ...]:
    images, channels, height, width = x.shape
    return images, height, width, channels, len(edges)


def _pointer(tensor: Tensor | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


def _pointers(tensors: Sequence[Tensor | None]) -> Any:
    found = [None if tensor is None else tensor.data_ptr() for tensor in tensors]
    return (ctypes.c_void_p * len(found))(*found)


@lru_cache(maxsize=1)
def kernels() -> Kernels | None:
    """The kernels, built if need be (about two seconds, once); None where that is not possible."""
    if os.environ.get(VARIABLE) == "0":
        return None
    try:
        library = _folder() / f"kernels_{_key()}.so"
        if not library.exists():
            _build(library)
        return Kernels(ctypes.CDLL(str(library)))
    except (OSError, subprocess.SubprocessError):
        return None


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
    parts = [SOURCE.read_bytes(), version, " ".join(FLAGS).encode(), _processor().encode()]
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
