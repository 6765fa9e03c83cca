"""Instruction sets that the kernels are built for, of one source: flags, and which one runs here.

The blocks' width and the number of registers follow from what the compiler is told
(``blocks.h``). PyTorch says what the processor has, so whoever holds PyTorch to an instruction set
(``ATEN_CPU_CAPABILITY=avx2``) holds the kernels to it, too.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import NamedTuple

import torch


class Target(NamedTuple):
    """An instruction set.

    Attributes:
        name: what records call it.
        flags: of GCC or Clang.
        usual: whether the kernels were measured to be faster there than PyTorch's passes.
        convolves: whether our own convolutions were measured to be faster than PyTorch's.
    """

    name: str
    flags: tuple[str, ...]
    usual: bool
    convolves: bool = False


AVX512 = Target("avx512", ("-march=native",), True)
AVX2 = Target("avx2", ("-mavx2", "-mfma"), True, convolves=True)
NEON = Target("neon", (), False)  # in the base set of every 64-bit ARM; not measured
PLAIN = Target("plain", (), True)  # SSE2 on x86-64; the compiler's own vectors elsewhere


def target() -> Target:
    """The instruction set that PyTorch uses on this processor, or is held to."""
    if platform.machine().lower() in ("aarch64", "arm64"):
        return NEON
    return {"AVX512": AVX512, "AVX2": AVX2}.get(torch.backends.cpu.get_cpu_capability(), PLAIN)


#: Lines of /proc/cpuinfo that tell one processor from another: x86's, then ARM's.
_TELLING = (
    *("vendor_id", "cpu family", "model", "model name", "stepping", "flags"),
    *("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features"),
)


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """All that tells this processor from others, of every kind of core that it has."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    told = [line for line in lines if line.partition(":")[0].strip() in _TELLING]
    return "\n".join(dict.fromkeys(told)) or f"{platform.machine()} {platform.processor()}"


def no_bf16(about: str | None = None) -> str | None:
    """Why convolutions in bf16 would be emulated, and slow, on this processor; None: they are not.

    Args:
        about: what :func:`processor` says of it.
    """
    told = (processor() if about is None else about).split()
    if target() not in (AVX512, NEON):
        return f"PyTorch is held to {target().name} here, or the processor has no more"
    if not {"avx512_bf16", "amx_bf16", "bf16"} & set(told):
        return "this processor has neither AVX512-BF16 nor AMX nor ARM's bf16"
    held = os.environ.get("ONEDNN_MAX_CPU_ISA", "").strip().upper()
    if held not in ("", "DEFAULT", "ALL") and "BF16" not in held and "AMX" not in held:
        return f"ONEDNN_MAX_CPU_ISA={held[:40]} leaves the instructions out"
    return None
