"""The parameters of many architectures in one buffer, each drawn from its own generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, EDGES, Ops

STAGES = 3
_KERNEL = {CONV1: 1, CONV3: 3}


class Slot(NamedTuple):
    """A parameter that an architecture can have.

    name: as in :class:`~digits_table.plain.PlainArchitecture`, after the edge's operation
    and a colon where an edge is meant. shape: of one architecture's. fan_in: a weight's, drawn from
    U(−1/√fan_in, 1/√fan_in) as PyTorch's layers are; 0 for a constant. constant: that one.
    edge, op: the architecture has it if it carries this operation on this edge; -1: it always has.
    """

    name: str
    shape: tuple[int, ...]
    fan_in: int = 0
    constant: float = 0.0
    edge: int = -1
    op: int = -1

    @property
    def size(self) -> int:
        """Numbers of one architecture's."""
        return math.prod(self.shape)


def slots(channels: int, classes: int, image_channels: int) -> list[Slot]:
    """Every parameter that an architecture of N = 1 can have, in the order they are drawn in."""
    found = _conv_norm("stem", channels, image_channels, 3)
    for stage in range(STAGES):
        width = channels * 2**stage
        if stage:
            block = f"reductions.{stage - 1}"
            found += _conv_norm(f"{block}.conv_a", width, width // 2, 3)
            found += _conv_norm(f"{block}.conv_b", width, width, 3)
            shape = (width, width // 2, 1, 1)
            found.append(Slot(f"{block}.shortcut.weight", shape, fan_in=width // 2))
        for edge in range(len(EDGES)):
            for op, kernel in _KERNEL.items():
                name = f"{op}:stages.{stage}.0.edges.{edge}"
                found += _conv_norm(name, width, width, kernel, edge, op)
    width = channels * 2 ** (STAGES - 1)
    found += _norm("head", width)
    found.append(Slot("head.linear.weight", (classes, width), fan_in=width))
    found.append(Slot("head.linear.bias", (classes,), fan_in=width))
    return found


def _conv_norm(
    name: str, out: int, into: int, kernel: int, edge: int = -1, op: int = -1
) -> list[Slot]:
    shape, fan_in = (out, into, kernel, kernel), into * kernel * kernel
    conv = Slot(f"{name}.conv.weight", shape, fan_in=fan_in, edge=edge, op=op)
    return [conv, *_norm(name, out, edge, op)]


def _norm(name: str, channels: int, edge: int = -1, op: int = -1) -> list[Slot]:
    return [
        Slot(f"{name}.norm.weight", (channels,), constant=1.0, edge=edge, op=op),
        Slot(f"{name}.norm.bias", (channels,), edge=edge, op=op),
    ]


class Parameters:
    """The parameters of M architectures.

    Args:
        ops: the architectures' operations. An edge without a convolution costs nothing.
        generators: one for each architecture (of the CPU): its weights depend on nothing else.
        channels, classes, image_channels: sizes of the networks.
        dtype, device: of the numbers, which are drawn in float32 on the CPU.

    Attributes:
        flat: all numbers in one buffer.
        views: slot name -> its part of the buffer, [members, *shape], a leaf of autograd.
        members: slot name -> which architectures have it, [members].
        running: slot name of a norm without ``.weight`` -> running mean and variance, each
            [members · C].
    """

    def __init__(
        self,
        ops: Sequence[Ops],
        generators: Sequence[torch.Generator],
        *,
        channels: int,
        classes: int = 10,
        image_channels: int = 1,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        table = torch.tensor(ops)
        every = slots(channels, classes, image_channels)
        total = sum(slot.size for slot in every)
        draws = torch.stack(
            [torch.empty(total).uniform_(-1, 1, generator=generator) for generator in generators]
        )
        parts, shapes, position = [], {}, 0
        self.members: dict[str, Tensor] = {}
        self.running: dict[str, tuple[Tensor, Tensor]] = {}
        for slot in every:
            has = torch.arange(len(ops)) if slot.edge < 0 else _carriers(table, slot)
            if len(has):
                drawn = draws[has, position : position + slot.size]
                bound = 1 / math.sqrt(slot.fan_in) if slot.fan_in else 0.0
                parts.append((drawn * bound + slot.constant).reshape(-1))
                shapes[slot.name] = (len(has), *slot.shape)
                self.members[slot.name] = has.to(device)
                if slot.name.endswith(".norm.weight"):
                    mean = torch.zeros(len(has) * slot.size, dtype=dtype, device=device)
                    self.running[slot.name.removesuffix(".weight")] = mean, torch.ones_like(mean)
            position += slot.size
        self.flat = torch.cat(parts).to(device=device, dtype=dtype)
        self.views: dict[str, Tensor] = {}
        start = 0
        for name, shape in shapes.items():
            part = self.flat[start : start + math.prod(shape)]
            self.views[name] = part.view(shape).detach().requires_grad_()
            start += part.numel()

    def of(self, model: int) -> dict[str, Tensor]:
        """One architecture's parameters, by their names in its plain twin."""
        found = {}
        for name, view in self.views.items():
            row = (self.members[name] == model).nonzero()
            if len(row):
                found[name.partition(":")[2] or name] = view.detach()[int(row[0])].clone()
        return found


def _carriers(table: Tensor, slot: Slot) -> Tensor:
    return (table[:, slot.edge] == slot.op).nonzero()[:, 0]
