"""The floor: the convolutions that a step cannot do without, as the fast supernet batches them.

For a GPU, what they move through its memory at the least, and how fast that memory is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from statistics import median

import torch
from torch import Tensor

from naslib_edd.spaces.nb201.encoding import EDGES, NODES
from racing.shape import DTYPES, LAYOUTS, Record, Shape, Step, timed


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """A k×k convolution of [B, channels_in, size, size]; the padding keeps the size at stride 1."""

    channels_in: int
    channels_out: int
    kernel: int
    size: int
    stride: int = 1

    @property
    def size_out(self) -> int:
        """Height and width of the output."""
        return self.size // self.stride

    def flops(self, batch: int) -> int:
        """Of one pass (a multiply-add is two); each of the three passes takes as many."""
        per_position = self.channels_in * self.kernel**2 * self.channels_out
        return 2 * batch * self.size_out**2 * per_position


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One run of a convolution: forward, or backward with the gradients that are asked for."""

    conv: Convolution
    of_input: bool = False
    of_weight: bool = False

    @property
    def backward(self) -> bool:
        """Whether a gradient is asked for."""
        return self.of_input or self.of_weight

    def flops(self, batch: int) -> int:
        """A backward pass costs a forward's flops for each gradient."""
        return self.conv.flops(batch) * (self.of_input + self.of_weight if self.backward else 1)

    def elements(self, batch: int) -> int:
        """Numbers that it reads and writes at the least: each of its tensors once."""
        conv = self.conv
        x = batch * conv.channels_in * conv.size**2
        y = batch * conv.channels_out * conv.size_out**2
        w = conv.channels_out * conv.channels_in * conv.kernel**2
        if not self.backward:
            return x + w + y
        # The gradient of the output, and for each that is asked for, what it takes and gives.
        return y + (self.of_input + self.of_weight) * (x + w)

    def prepare(self, layout: str, batch: int, device: torch.device, dtype: torch.dtype) -> Step:
        """The pass on random tensors in this memory layout, ready to run."""
        conv, form = self.conv, LAYOUTS[layout]

        def random(*shape: int) -> Tensor:
            return torch.randn(shape, device=device, dtype=dtype).contiguous(memory_format=form)

        x = random(batch, conv.channels_in, conv.size, conv.size)
        w = random(conv.channels_out, conv.channels_in, conv.kernel, conv.kernel)
        stride, padding = [conv.stride] * 2, [conv.kernel // 2] * 2
        rest = (stride, padding, [1, 1], False, [0, 0], 1)
        if not self.backward:
            return partial(torch.ops.aten.convolution.default, x, w, None, *rest)
        g = random(batch, conv.channels_out, conv.size_out, conv.size_out)
        mask = [self.of_input, self.of_weight, False]
        return partial(torch.ops.aten.convolution_backward.default, g, x, w, None, *rest, mask)


def convolutions(shape: Shape) -> tuple[list[Convolution], set[int]]:
    """The supernet's convolutions in order, edges batched by source node.

    Returns:
        The list, and the places in it of those that read what no logit has touched: the stem, and
        those on the first cell's input. The logit step needs no gradient of their inputs.
    """
    convs = [Convolution(channels_in=3, channels_out=shape.channels, kernel=3, size=shape.size)]
    untouched = {0}
    for stage in range(3):
        width, size = shape.channels * 2**stage, shape.size // 2**stage
        if stage:
            before = {"channels_in": width // 2, "channels_out": width}
            convs += [
                Convolution(**before, kernel=1, size=size),  # the shortcut, behind its pool
                Convolution(**before, kernel=3, size=size * 2, stride=2),
                Convolution(channels_in=width, channels_out=width, kernel=3, size=size),
            ]
        for cell in range(shape.cells):
            for source in range(NODES - 1):
                edges = sum(start == source for start, _ in EDGES)
                if stage == cell == source == 0:
                    untouched |= {len(convs), len(convs) + 1}
                convs += [
                    Convolution(
                        channels_in=width, channels_out=width * edges, kernel=kernel, size=size
                    )
                    for kernel in (1, 3)
                ]
    return convs, untouched


def passes(shape: Shape) -> list[Pass]:
    """Every pass of one bilevel step: the weight step's, then the logit step's."""
    convs, untouched = convolutions(shape)
    forward = [Pass(conv=conv) for conv in convs]
    weight_step = [
        Pass(conv=conv, of_input=place > 0, of_weight=True) for place, conv in enumerate(convs)
    ]
    logit_step = [
        Pass(conv=conv, of_input=True) for place, conv in enumerate(convs) if place not in untouched
    ]
    return [*forward, *reversed(weight_step), *forward, *reversed(logit_step)]


@torch.no_grad()
def floor_step(
    shape: Shape, device: torch.device, *, trials: int = 3, precision: str = "fp32"
) -> tuple[Step, list[Record]]:
    """All passes of a step, each in the memory layout that is the quicker for it.

    Returns:
        The step, and for each different pass: its shape, how often a step runs it, its flops, the
        seconds of every trial alone in each layout, and the layout taken.
    """
    every, dtype = passes(shape), DTYPES[precision]
    chosen: dict[Pass, Step] = {}
    rows: list[Record] = []
    for one in dict.fromkeys(every):
        ready = {name: one.prepare(name, shape.batch_size, device, dtype) for name in LAYOUTS}
        for step in ready.values():
            step()
        seconds: dict[str, list[float]] = {name: [] for name in LAYOUTS}
        for _ in range(trials):
            for name, step in ready.items():
                seconds[name].append(timed(step, device))
        best = min(LAYOUTS, key=lambda name: median(seconds[name]))
        chosen[one] = ready[best]
        facts = {"count": every.count(one), "flops": one.flops(shape.batch_size), "layout": best}
        rows.append({**asdict(one), **facts, "seconds": seconds})

    @torch.no_grad()
    def step_all() -> None:
        for one in every:
            chosen[one]()

    return step_all, rows


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
