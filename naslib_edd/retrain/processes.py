"""The processes that train one network together, as ``torchrun`` starts them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from naslib_edd.engine.start import pick_device
from naslib_edd.errors import UserError


@dataclass(frozen=True)
class Processes:
    """This process among those of a run. One alone needs no group.

    Attributes:
        rank: which this is; 0 writes the files.
        count: how many there are.
        local: which of its machine.
    """

    rank: int = 0
    count: int = 1
    local: int = 0

    @property
    def several(self) -> bool:
        """Whether there are others."""
        return self.count > 1

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if self.several:
            dist.all_reduce(values)
        return values

    def share(self, value: Any) -> Any:
        """What the first process has."""
        if not self.several:
            return value
        held = [value]
        dist.broadcast_object_list(held, src=0)
        return held[0]

    def mean(self, tensors: list[Tensor]) -> None:
        """Each tensor becomes the mean of all processes'."""
        if self.several:
            for tensor in tensors:
                dist.all_reduce(tensor)
                tensor /= self.count


def join(device: str) -> tuple[Processes, torch.device]:
    """Join the processes that ``torchrun`` started (its environment), and take a device.

    NCCL where there is a GPU for each process, else gloo.

    Raises:
        UserError: the device is not there, or there are more processes than GPUs.
    """
    count = _number("WORLD_SIZE", 1)
    if count <= 1:
        return Processes(), pick_device(device)
    found = Processes(_number("RANK", 0), count, _number("LOCAL_RANK", 0))
    kind = pick_device(device)
    if kind.type == "cuda":
        if device not in ("auto", "cuda"):
            raise UserError(f"device={device} is one GPU, and there are {count} processes: cuda")
        if found.local >= torch.cuda.device_count():
            raise UserError(
                f"process {found.local} of this machine has no GPU: {torch.cuda.device_count()} "
                "found; start no more processes, or device=cpu"
            )
        kind = torch.device("cuda", found.local)
        torch.cuda.set_device(kind)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if kind.type == "cuda" else "gloo")
    return found, kind


def leave(processes: Processes) -> None:
    """Leave the group, if there is one."""
    if processes.several and dist.is_initialized():
        dist.destroy_process_group()


def _number(name: str, usual: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdigit() else usual
