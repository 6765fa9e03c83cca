"""What a step works on, and how long one takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor

Record = dict[str, Any]
Step = Callable[[], object]
#: Is told of each thing that is done.
Tick = Callable[[str], None]

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
CLASSES = 10


@dataclass(frozen=True)
class Shape:
    """What a step works on: images [batch_size, 3, size, size], a supernet of C and N."""

    channels: int
    cells: int
    batch_size: int
    size: int

    def batches(self, layout: str, device: torch.device) -> list[tuple[Tensor, Tensor]]:
        """Two batches of random images and labels [B], the same for every entrant."""
        found = []
        for seed in (1, 2):
            source = torch.Generator().manual_seed(seed)
            images = torch.randn(self.batch_size, 3, self.size, self.size, generator=source)
            labels = torch.randint(CLASSES, (self.batch_size,), generator=source)
            images = images.to(device).contiguous(memory_format=LAYOUTS[layout])
            found.append((images, labels.to(device)))
        return found


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


def summary(values: Sequence[float]) -> Record:
    """Median and range."""
    return {"median": median(values), "min": min(values), "max": max(values)}
