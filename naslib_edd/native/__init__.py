"""Kernels in C++ for what PyTorch does in many passes on a CPU, built once where a compiler is."""

from __future__ import annotations

from naslib_edd.native.build import Kernels, kernels

__all__ = ["Kernels", "kernels"]
