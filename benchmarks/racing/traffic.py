"""What a step moves through a GPU's memory at the least, and how fast that memory is."""

from __future__ import annotations

from statistics import median

import torch

from racing.floor import passes
from racing.shape import DTYPES, Record, Shape, timed


def least_bytes(shape: Shape, precision: str) -> int:
    """An estimate from below, by formula: every tensor of the floor's convolutions, once a pass.

    Batch norms, pools and sums are taken to cost nothing, as if they were fused into convolutions.
    """
    return DTYPES[precision].itemsize * sum(one.elements(shape.batch_size) for one in passes(shape))


def copy_bandwidth(device: torch.device, *, size: int = 2**30, trials: int = 20) -> float:
    """Bytes a second of copies inside the device, read and written: the median of ``trials``."""
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    for _ in range(3):
        target.copy_(source)
    return 2 * size / median(timed(lambda: target.copy_(source), device) for _ in range(trials))


def traffic(shape: Shape, precision: str, bandwidth: float) -> Record:
    """The bytes and the seconds that they take at this bandwidth."""
    moved = least_bytes(shape, precision)
    return {"bytes": moved, "bandwidth": bandwidth, "seconds": moved / bandwidth}
