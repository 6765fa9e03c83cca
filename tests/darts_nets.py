"""Networks of the DARTS space in float64 for tests, and one written down from the papers alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.spaces.darts.fast import FastDartsSupernet
from naslib_edd.spaces.darts.layout import DARTS, EDGES, LAYOUTS
from naslib_edd.spaces.darts.plain import PlainDartsSupernet
from naslib_edd.spaces.layout import Layout
from naslib_edd.supernet.layers import BatchNorm

EXACT = {"rtol": 1e-9, "atol": 1e-10}
SPACES = tuple(LAYOUTS)


def twins(
    layout: Layout = DARTS, *, seed: int = 0, **size: Any
) -> tuple[PlainDartsSupernet, FastDartsSupernet]:
    """A plain and a fast network with the same weights, their statistics not at rest."""
    torch.manual_seed(seed)
    plain = PlainDartsSupernet(layout, **size).double()
    with torch.no_grad():
        for name, tensor in plain.state_dict().items():
            if tensor.dim() == 1:
                drawn = torch.rand_like(tensor)
                positive = name.endswith(("norm.weight", "running_var"))
                tensor.copy_(0.5 + drawn if positive else 0.4 * drawn - 0.2)
    fast = FastDartsSupernet(layout, **size).double()
    fast.load_state_dict(plain.state_dict())
    return plain, fast.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def drawn(
    layout: Layout = DARTS, *, edges: bool = False, batch: int = 3, size: int = 8, seed: int = 1
) -> tuple[Tensor, Tensor, Tensor]:
    """(images, labels, β): a softmax over what each edge has, and a column of edge weights."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(batch, 3, size, size, generator=generator, dtype=torch.float64)
    labels = torch.randint(10, (batch,), generator=generator)
    logits = torch.randn(28, len(layout.operations), generator=generator, dtype=torch.float64)
    allowed = torch.zeros_like(logits, dtype=torch.bool)
    for row in range(layout.edges):
        allowed[row, list(layout.columns(row))] = True
    beta = logits.masked_fill(~allowed, -torch.inf).softmax(-1)
    if edges:
        weights = torch.rand(28, generator=generator, dtype=torch.float64) + 0.2
        beta = torch.cat([beta, weights[:, None]], 1)
    return images, labels, beta


def norm(x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
    return F.batch_norm(x, None, None, weight, bias, training=True)


class Formula:
    """The search network from the papers' text: weights in order, functions alone.

    Args:
        network: whose weights it takes, in order.
        channels, cells, partial: of it.
    """

    def __init__(self, network: nn.Module, *, channels: int, cells: int, partial: int = 1) -> None:
        self.weights: Iterator[Tensor] = iter(())
        self.network, self.channels, self.cells, self.partial = network, channels, cells, partial

    def __call__(self, x: Tensor, beta: Tensor) -> Tensor:
        self.weights = iter(self.network.parameters())
        take = self.weights.__next__
        s0 = s1 = norm(F.conv2d(x, take(), padding=1), take(), take())
        halved = False
        for number in range(self.cells):
            reduces = number == self.cells // 3 or number == 2 * self.cells // 3
            out = self._cell(s0, s1, beta[14:] if reduces else beta[:14], reduces, halved)
            s0, s1, halved = s1, out, reduces
        return F.linear(s1.mean((2, 3)), take(), take())

    def _cell(self, s0: Tensor, s1: Tensor, beta: Tensor, reduces: bool, halved: bool) -> Tensor:
        s0 = self._halve(s0) if halved else norm(F.conv2d(F.relu(s0), next(self.weights)))
        nodes = [s0, norm(F.conv2d(F.relu(s1), next(self.weights)))]
        for target in range(2, 6):
            total = torch.zeros(())
            for row, (source, end) in enumerate(EDGES):
                if end == target:
                    stride = 2 if reduces and source < 2 else 1
                    total = total + self._edge(nodes[source], beta[row], stride)
            nodes.append(total)
        return torch.cat(nodes[2:], 1)

    def _edge(self, h: Tensor, beta: Tensor, stride: int) -> Tensor:
        width = h.shape[1] // self.partial
        part, rest = h[:, :width], h[:, width:]
        mixed = beta[1] * norm(F.max_pool2d(part, 3, stride, 1))
        mixed = mixed + beta[2] * norm(F.avg_pool2d(part, 3, stride, 1, count_include_pad=False))
        mixed = mixed + beta[3] * (part if stride == 1 else self._halve(part))
        for op, kernel in ((4, 3), (5, 5)):
            once = self._block(part, kernel, stride, 1)
            mixed = mixed + beta[op] * self._block(once, kernel, 1, 1)
        for op, kernel in ((6, 3), (7, 5)):
            mixed = mixed + beta[op] * self._block(part, kernel, stride, 2)
        if self.partial == 1:
            return mixed
        if stride == 2:
            rest = F.max_pool2d(rest, 2)
        whole = torch.cat([mixed, rest], 1)
        # Place i·K + g holds channel i of group g.
        order = [g * width + i for i in range(width) for g in range(self.partial)]
        return beta[8] * whole[:, order]

    def _block(self, x: Tensor, kernel: int, stride: int, dilation: int) -> Tensor:
        depthwise, pointwise = next(self.weights), next(self.weights)
        padding = dilation * (kernel - 1) // 2
        x = F.conv2d(F.relu(x), depthwise, None, stride, padding, dilation, x.shape[1])
        return norm(F.conv2d(x, pointwise))

    def _halve(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        first = F.conv2d(x, next(self.weights), stride=2)
        second = F.conv2d(x[:, :, 1:, 1:], next(self.weights), stride=2)
        return norm(torch.cat([first, second], 1))


def norms(network: nn.Module) -> list[BatchNorm]:
    return [module for module in network.modules() if isinstance(module, BatchNorm)]
