"""From the host to a device without waiting for it."""

from __future__ import annotations

import torch
from torch import Tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the CPU on the device.

    From pinned memory where the device is a GPU: the copy takes its turn on the GPU's stream, and
    the host goes on. (PyTorch keeps the pinned memory until the copy is done.)
    """
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
