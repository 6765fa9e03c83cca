"""The floor: the convolutions that a step cannot do without, as the fast supernet batches them.

For a GPU, what they move through its memory at the least, and how fast that memory is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from math import prod
from statistics import median

import torch

from naslib_edd.spaces.nb201.encoding import EDGES, NODES
from racing.steps import DTYPES, LAYOUTS, Record, Shape, Step, race, timed


@dataclass(frozen=True)
class Pass:
    """One run of a k×k convolution of [B, channels_in, size, size], padded by k // 2.

    Forward, or backward with the gradients that are asked for.
    """

    channels_in: int
    channels_out: int
    kernel: int
    size: int
    stride: int = 1
    of_input: bool = False
    of_weight: bool = False

    @property
    def gradients(self) -> int:
        """How many are asked for; 0: forward."""
        return self.of_input + self.of_weight

    def shapes(self, batch: int) -> tuple[tuple[int, ...], ...]:
        """Of input, weight and output."""
        out = self.size // self.stride
        return (
            (batch, self.channels_in, self.size, self.size),
            (self.channels_out, self.channels_in, self.kernel, self.kernel),
            (batch, self.channels_out, out, out),
        )

    def flops(self, batch: int) -> int:
        """A multiply-add is two; each gradient takes as many as the forward pass."""
        _, w, y = self.shapes(batch)
        return 2 * prod(y) * prod(w[1:]) * max(self.gradients, 1)

    def elements(self, batch: int) -> int:
        """Numbers that it reads and writes at the least: each of its tensors once."""
        x, w, y = map(prod, self.shapes(batch))
        # Backward: the output's gradient, and for each that is asked for, what it takes and gives.
        return y + max(self.gradients, 1) * (x + w)

    def prepare(self, layout: str, batch: int, device: torch.device, dtype: torch.dtype) -> Step:
        """The pass on random tensors in this memory layout, ready to run."""
        x, w, y = (
            torch.randn(shape, device=device, dtype=dtype).contiguous(memory_format=LAYOUTS[layout])
            for shape in self.shapes(batch)
        )
        rest = ([self.stride] * 2, [self.kernel // 2] * 2, [1, 1], False, [0, 0], 1)
        if not self.gradients:
            return partial(torch.ops.aten.convolution.default, x, w, None, *rest)
        asked = [self.of_input, self.of_weight, False]
        return partial(torch.ops.aten.convolution_backward.default, y, x, w, None, *rest, asked)


def convolutions(shape: Shape) -> tuple[list[Pass], set[int]]:
    """The forward passes of the supernet's convolutions in order, edges batched by source node.

    Returns:
        The list, and the places in it of those that read what no logit has touched: the stem, and
        those on the first cell's input. The logit step needs no gradient of their inputs.
    """
    convs = [Pass(3, shape.channels, 3, shape.size)]
    untouched = {0}
    for stage in range(3):
        C, size = shape.channels * 2**stage, shape.size // 2**stage
        if stage:
            # The shortcut behind its pool, and the two convolutions of the reduction.
            convs.append(Pass(C // 2, C, 1, size))
            convs += [Pass(C // 2, C, 3, 2 * size, stride=2), Pass(C, C, 3, size)]
        for cell in range(shape.cells):
            for source in range(NODES - 1):
                edges = sum(start == source for start, _ in EDGES)
                if stage == cell == source == 0:
                    untouched |= {len(convs), len(convs) + 1}
                convs += [Pass(C, C * edges, kernel, size) for kernel in (1, 3)]
    return convs, untouched


def passes(shape: Shape) -> list[Pass]:
    """Every pass of one bilevel step: the weight step's, then the logit step's."""
    forward, untouched = convolutions(shape)
    places = list(enumerate(forward))
    weights = [replace(one, of_input=place > 0, of_weight=True) for place, one in places]
    logits = [replace(one, of_input=True) for place, one in places if place not in untouched]
    return [*forward, *reversed(weights), *forward, *reversed(logits)]


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
        race(ready, rounds=1, device=device)
        seconds = race(ready, rounds=trials, device=device)
        best = min(LAYOUTS, key=lambda name: median(seconds[name]))
        chosen[one] = ready[best]
        facts = {"precision": precision, "count": every.count(one), "layout": best}
        facts |= {"flops": one.flops(shape.batch_size), "seconds": seconds}
        rows.append({**asdict(one), **facts})

    @torch.no_grad()
    def step_all() -> None:
        for one in every:
            chosen[one]()

    return step_all, rows


def copy_bandwidth(device: torch.device, *, size: int = 2**30, trials: int = 20) -> float:
    """Bytes a second of copies inside the device, read and written: the median of ``trials``."""
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    for _ in range(3):
        target.copy_(source)
    return 2 * size / median(timed(lambda: target.copy_(source), device) for _ in range(trials))


def traffic(shape: Shape, precision: str) -> int:
    """Bytes, an estimate from below: every tensor of the floor's convolutions, once a pass.

    Batch norms, pools and sums are taken to cost nothing, as if they were fused into convolutions.
    """
    return DTYPES[precision].itemsize * sum(one.elements(shape.batch_size) for one in passes(shape))
