"""What a step works on, and how long one takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

Record = dict[str, Any]
Step = Callable[[], object]

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Shape:
    """What a step works on: images [batch_size, 3, size, size], a supernet of C and N."""

    channels: int
    cells: int
    batch_size: int
    size: int


def timed(step: Step, device: torch.device) -> float:
    """Seconds of one step, with all that it left running on a GPU."""
    _wait(device)
    began = time.perf_counter()
    step()
    _wait(device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
