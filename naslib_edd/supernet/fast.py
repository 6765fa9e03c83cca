"""The fast supernet: the same function as the plain one, edges batched by their source node.

What is shared (each exact, only the rounding differs):

1. one ReLU and one average pool of a node serve every edge that leaves it;
2. the same-size convolutions of those edges are one convolution with 3C, 2C or C outputs, followed
   by one affine-free batch norm (statistics are a channel's own, so batching changes none);
3. β scales inside the batch norm, as its weight: no pass of its own, and ∂l/∂β comes from the same
   backward kernel;
4. ``none`` takes part in β and costs nothing else;
5. skip and pool of a node are weighted and added in one function with a backward by hand.

:meth:`FastSupernet.load_plain` and :meth:`FastSupernet.to_plain` carry weights between the twins.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.spaces.nb201 import CONV1, CONV3, EDGES, NODES, POOL, SKIP
from naslib_edd.supernet.layers import BatchNorm, ReLUConvBN, average_pool
from naslib_edd.supernet.plain import PlainCell, PlainSupernet
from naslib_edd.supernet.skeleton import SearchCell, Supernet

#: For each source node, the rows of β of the edges that leave it, nearest target first.
ROWS = tuple(
    tuple(row for row, (source, _) in enumerate(EDGES) if source == node)
    for node in range(NODES - 1)
)

#: β of the edges that leave each source node: per source, per operation, a tensor [edges].
Groups = list[tuple[Tensor, ...]]


class WeightedPair(torch.autograd.Function):
    """w_e·a + v_e·b for every edge e of a node: skip and pool of its value, weighted and added.

    Inputs a and b [B, C, H, W], w and v [E]; E outputs of a's shape. The backward makes one pass an
    edge and takes the two weights' gradients as dot products, without a product tensor of full size.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: torch.autograd.function.FunctionCtx, a: Tensor, b: Tensor, w: Tensor, v: Tensor
    ) -> tuple[Tensor, ...]:
        ctx.save_for_backward(a, b, w, v)
        return tuple(torch.addcmul(a * w[e], b, v[e]) for e in range(len(w)))

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: torch.autograd.function.FunctionCtx, *grads: Tensor
    ) -> tuple[Tensor | None, ...]:
        a, b, w, v = ctx.saved_tensors  # type: ignore[attr-defined]
        need = ctx.needs_input_grad  # type: ignore[attr-defined]
        return (
            _combine(w, grads) if need[0] else None,
            _combine(v, grads) if need[1] else None,
            torch.stack([_dot(a, g) for g in grads]) if need[2] else None,
            torch.stack([_dot(b, g) for g in grads]) if need[3] else None,
        )


def _combine(weights: Tensor, tensors: Sequence[Tensor]) -> Tensor:
    total = tensors[0] * weights[0]
    for weight, tensor in zip(weights[1:], tensors[1:], strict=True):
        total.addcmul_(tensor, weight)
    return total


def _dot(x: Tensor, y: Tensor) -> Tensor:
    layouts = (torch.contiguous_format, torch.channels_last)
    for layout in layouts:
        if x.is_contiguous(memory_format=layout) and y.is_contiguous(memory_format=layout):
            # The same order in memory: one pass, no product tensor.
            return torch.dot(_in_memory_order(x, layout), _in_memory_order(y, layout))
    return (x * y).sum()


def _in_memory_order(x: Tensor, layout: torch.memory_format) -> Tensor:
    return (x if layout is torch.contiguous_format else x.permute(0, 2, 3, 1)).reshape(-1)


class BatchedConvBN(nn.Module):
    """The k×k convolutions of all edges that leave one node, then their batch norms.

    Args:
        channels: C, in and out, of one edge.
        edges: how many edges leave the node.
        kernel: 1 or 3.
        running: keep running statistics.
    """

    def __init__(self, *, channels: int, edges: int, kernel: int, running: bool) -> None:
        super().__init__()
        self.channels = channels
        self.conv = nn.Conv2d(channels, channels * edges, kernel, padding=kernel // 2, bias=False)
        self.norm = BatchNorm(channels=channels * edges, affine=False, running=running)

    def forward(self, rectified: Tensor, beta: Tensor) -> Tensor:
        """ReLU(h) [B, C, H, W] and β [edges] of this operation → [B, edges·C, H, W], weighted."""
        out: Tensor = self.norm(self.conv(rectified), beta.repeat_interleave(self.channels))
        return out

    def one(self, rectified: Tensor, place: int) -> Tensor:
        """Only the edge at ``place``, unweighted: [B, C, H, W]."""
        part = slice(place * self.channels, (place + 1) * self.channels)
        out = F.conv2d(rectified, self.conv.weight[part], padding=self.conv.padding)
        return self.norm.apply_slice(out, part)


class FastCell(SearchCell):
    """A cell whose edges are batched by their source node."""

    def __init__(self, *, channels: int, running: bool) -> None:
        super().__init__()

        def batch(kernel: int) -> nn.ModuleList:
            return nn.ModuleList(
                BatchedConvBN(channels=channels, edges=len(rows), kernel=kernel, running=running)
                for rows in ROWS
            )

        self.conv1, self.conv3 = batch(1), batch(3)

    def forward(self, x: Tensor, weights: Groups) -> Tensor:
        """See :class:`SearchCell`; the weights come grouped by source node."""
        arriving: list[list[Tensor]] = [[] for _ in range(NODES)]
        node = x
        for source, (rows, beta) in enumerate(zip(ROWS, weights, strict=True)):
            rectified = F.relu(node)
            linear = WeightedPair.apply(node, average_pool(node), beta[SKIP], beta[POOL])
            one = self.conv1[source](rectified, beta[CONV1]).chunk(len(rows), 1)
            three = self.conv3[source](rectified, beta[CONV3]).chunk(len(rows), 1)
            for place, row in enumerate(rows):
                arriving[EDGES[row][1]] += [linear[place], one[place], three[place]]
            node = _add_up(arriving[source + 1])
        return node

    def discretised(self, x: Tensor, ops: Sequence[int]) -> Tensor:
        """See :class:`SearchCell`."""
        nodes: list[Tensor | None] = [x, None, None, None]
        for source, rows in enumerate(ROWS):
            node = nodes[source]
            if node is None:  # only `none` leads here
                node = torch.zeros_like(x)
            for place, row in enumerate(rows):
                op, target = ops[row], EDGES[row][1]
                out: Tensor
                if op == SKIP:
                    out = node
                elif op == POOL:
                    out = average_pool(node)
                elif op == CONV1:
                    out = self.conv1[source].one(F.relu(node), place)  # type: ignore[operator]
                elif op == CONV3:
                    out = self.conv3[source].one(F.relu(node), place)  # type: ignore[operator]
                else:
                    continue
                before = nodes[target]
                nodes[target] = out if before is None else before + out
        last = nodes[-1]
        return torch.zeros_like(x) if last is None else last


def _add_up(tensors: Sequence[Tensor]) -> Tensor:
    # In place on a new tensor: the inputs stay as they are for their backward passes.
    total = tensors[0] + tensors[1]
    for tensor in tensors[2:]:
        total += tensor
    return total


class FastSupernet(Supernet):
    """The NB201 supernet with edges batched by source. Arguments: see :class:`Skeleton`."""

    def __init__(
        self, *, channels: int = 16, cells: int = 5, classes: int = 10, running: bool = True
    ) -> None:
        super().__init__(channels=channels, cells=cells, classes=classes, running=running)
        for source, rows in enumerate(ROWS):
            self.register_buffer(f"_rows_{source}", torch.tensor(rows), persistent=False)

    def make_cell(self, channels: int) -> SearchCell:
        """A :class:`FastCell`."""
        return FastCell(channels=channels, running=self.running)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """See :class:`Supernet`."""
        groups: Groups = [
            weights.index_select(0, self.get_buffer(f"_rows_{source}")).unbind(1)
            for source in range(len(ROWS))
        ]
        return self.walk(x, groups)

    @torch.no_grad()
    def load_plain(self, plain: PlainSupernet) -> FastSupernet:
        """Take weights and statistics of the plain twin (same channels, cells, classes)."""
        self._exchange(plain, to_plain=False)
        return self

    @torch.no_grad()
    def to_plain(self) -> PlainSupernet:
        """A plain supernet with this one's weights and statistics."""
        plain = PlainSupernet(
            channels=self.channels, cells=self.cells, classes=self.classes, running=self.running
        ).to(self.head.linear.weight)
        self._exchange(plain, to_plain=True)
        return plain

    def _exchange(self, plain: PlainSupernet, *, to_plain: bool) -> None:
        for own, other in zip(_parts(self), _plain_parts(plain), strict=True):
            source, target = (own, other) if to_plain else (other, own)
            target.copy_(source)


def _shared(network: Supernet) -> list[Tensor]:
    """Weights and statistics of everything but the cells."""
    parts = (network.stem, network.reductions, network.head)
    return [tensor for part in parts for tensor in part.state_dict(keep_vars=True).values()]


def _parts(fast: FastSupernet) -> list[Tensor]:
    tensors = _shared(fast)
    for cell in fast.search_cells():
        for source, rows in enumerate(ROWS):
            for place in range(len(rows)):
                for batched in (cell.conv1[source], cell.conv3[source]):
                    part = slice(place * batched.channels, (place + 1) * batched.channels)
                    tensors += [tensor[part] for tensor in _conv_norm(batched)]
    return tensors


def _plain_parts(plain: PlainSupernet) -> list[Tensor]:
    tensors = _shared(plain)
    for cell in plain.search_cells():
        assert isinstance(cell, PlainCell)
        for rows in ROWS:
            for row in rows:
                for op in (CONV1, CONV3):
                    tensors += _conv_norm(cell.edges[row][op])  # type: ignore[index,arg-type]
    return tensors


def _conv_norm(layer: BatchedConvBN | ReLUConvBN) -> list[Tensor]:
    statistics = (layer.norm.running_mean, layer.norm.running_var)
    return [layer.conv.weight.detach(), *(tensor for tensor in statistics if tensor is not None)]
