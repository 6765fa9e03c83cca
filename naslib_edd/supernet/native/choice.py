"""Whether a step runs on the C++ kernels or on PyTorch's passes, and where that is said."""

from __future__ import annotations

import os

import torch
from torch import Tensor

from naslib_edd.errors import UserError
from naslib_edd.supernet.native.build import built
from naslib_edd.supernet.native.kernels import Kernels
from naslib_edd.supernet.native.taken import taken
from naslib_edd.supernet.native.targets import target

#: ``0`` keeps to PyTorch alone; ``1`` takes the kernels on any processor.
VARIABLE = "NASLIB_EDD_KERNELS"


def override() -> bool | None:
    """What the environment asks for, over any setting.

    Raises:
        UserError: the variable holds neither 0 nor 1.
    """
    value = os.environ.get(VARIABLE, "").strip()
    if value not in ("", "0", "1"):
        raise UserError(
            f"{VARIABLE}={value[:40]!r} is neither 0 (PyTorch's passes) nor 1 (C++ kernels)"
        )
    return None if value == "" else value == "1"


def kernels() -> Kernels | None:
    """The kernels, where they are to be taken and to be had."""
    asked = override()
    if asked is None:
        on = taken().on
        asked = target().usual if on is None else on
    return built() if asked else None


def native_kernels(x: Tensor, dtype: torch.dtype | None = None) -> Kernels | None:
    """The kernels if they can take x [B, C, H, W]: on a CPU, fp32 or fp64, channels-last.

    Args:
        x: a node's value.
        dtype: the type that it would be cast to; None: its own.
    """
    if x.device.type != "cpu" or (dtype or x.dtype) not in (torch.float32, torch.float64):
        return None
    if not x.is_contiguous(memory_format=torch.channels_last):
        return None
    return kernels()
