"""Kernels in C++ for what PyTorch does in many passes on a CPU, built once where a compiler is."""

from __future__ import annotations

from naslib_edd.supernet.native.choice import kernels, native_kernels
from naslib_edd.supernet.native.kernels import Folded, Kernels, Sums, Unfolded
from naslib_edd.supernet.native.taken import taking

__all__ = ["Folded", "Kernels", "Sums", "Unfolded", "kernels", "native_kernels", "taking"]
