"""What is told the kernels of a search cell of the DARTS space, and what they keep and hand on."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

#: What a term does, in the order of ``Kind`` in ``node.h``. ``once`` and ``twice`` are separable
#: convolutions; ``reduce`` is the skip connection of an edge that halves the image.
KINDS = ("skip", "max", "avg", "noise", "once", "twice", "reduce")
#: How many tensors of a node's size are kept of a term; of others nothing is.
_SLOTS = {"once": 1, "twice": 2, "reduce": 1}


class Term(NamedTuple):
    """One operation on one edge.

    Attributes:
        place, op: the edge of the cell's 14, and the column.
        kind: one of :data:`KINDS`.
        source: the node that it leaves.
        stride: of the edge.
        dilation, kernel: of the convolutions, 1 without.
        first: where its weights begin among those of the node's terms.
        edge, edges: which of the edges that leave its source it is on, and how many these are.
    """

    place: int
    op: int
    kind: str
    source: int
    stride: int
    dilation: int
    kernel: int
    first: int
    edge: int
    edges: int


class Terms(tuple[Term, ...]):
    """Those of one node, edge by edge."""

    @cached_property
    def table(self) -> Tensor:
        """As ``node.h`` reads them, int64 [terms, 9]."""
        rows: list[list[int]] = []
        slot = 0
        for t in self:
            many = _SLOTS.get(t.kind, 0)
            where = slot if many else -1
            what = [KINDS.index(t.kind), t.source, t.stride, t.dilation, t.kernel, t.first]
            rows.append([*what, where, t.edge, t.edges])
            slot += many
        return torch.tensor(rows, dtype=torch.int64)

    @cached_property
    def slots(self) -> int:
        """How many tensors of the node's size are kept of them."""
        return sum(_SLOTS.get(t.kind, 0) for t in self)


class Entered(NamedTuple):
    """What is kept of a node for its backward pass.

    Attributes:
        computed: of its terms before their last norms, as either twin has it.
        statistics: mean and biased variance of all terms, fp64 [terms, 2, C]; 0 and 1 − eps without
            a norm.
        inner: those of the first half of terms that are ``twice``.
    """

    computed: list[Tensor]
    statistics: Tensor
    inner: Tensor


class Handed(NamedTuple):
    """What the E edges that leave a node hand back to it beside gradients, in one tensor.

    In this order: of each edge the weight of the node itself [E]; of the max pool a gain an edge
    [E, C], q and s [C], so that the pool's gradient is Σ gains·g + q·v + s; the average pool's.
    """

    all: Tensor
    edges: int

    @classmethod
    def nothing(cls, like: Tensor, edges: int) -> Handed:
        """Zeros, for a node's value [B, C, H, W]."""
        return cls(like.new_zeros(edges + 2 * (edges + 2) * like.shape[1]), edges)

    @property
    def skip(self) -> Tensor:
        """[E]."""
        return self.all[: self.edges]

    def pool(self, kind: str) -> Tensor:
        """Of one pool ("max" or "avg"), [E + 2, C]."""
        max_pool, avg_pool = self.all[self.edges :].view(2, self.edges + 2, -1)
        return avg_pool if kind == "avg" else max_pool
