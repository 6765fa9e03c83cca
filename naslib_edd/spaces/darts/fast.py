"""The fast search network of the DARTS space: the plain one's modules, another way through them.

In training a cell is one function with its backward pass by hand
(:mod:`naslib_edd.spaces.darts.fused`). In evaluation, with drop path, in half precision and along
a sampled path it is the plain cell. Both networks have the same weights under the same names.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from naslib_edd.spaces.darts.cell import DartsCell
from naslib_edd.spaces.darts.fused import CellPass, Kept, Term
from naslib_edd.spaces.darts.layout import EDGES, INPUTS, NODES
from naslib_edd.spaces.darts.operations import DepthwiseConvBN, FactorizedReduce, Pool, SepConv
from naslib_edd.spaces.darts.plain import PlainDartsSupernet
from naslib_edd.supernet.layers import BatchNorm

_KINDS = {"max_pool_3x3": "max", "avg_pool_3x3": "avg", "noise": "noise"}


class FastDartsCell(DartsCell):
    """A cell that is one function in training. Arguments: see :class:`DartsCell`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.terms: dict[int, tuple[Term, ...]] = {}
        first = 0
        for target in range(INPUTS, NODES):
            terms = []
            for place, (source, end) in enumerate(EDGES):
                for op in self.columns[place] if end == target else ():
                    kind = self._kind(place, op)
                    if kind is None:
                        continue
                    dilation = 2 if kind == "dil" else 1
                    stride = self.strides[place]
                    terms.append(Term(place, op, source, kind, stride, dilation, first))
                    first += len(_kernels(self.operation(place, op)))
            self.terms[target] = tuple(terms)
        self.weight_count = first
        self.pools = [
            {
                "largest": self._leaves(source, "max"),
                "average": self._leaves(source, "avg"),
            }
            for source in range(NODES - 1)
        ]

    def forward(
        self,
        before_last: Tensor,
        last: Tensor,
        beta: Tensor,
        edge_weights: Tensor | None = None,
        factors: Tensor | None = None,
    ) -> Tensor:
        """See :class:`DartsCell`."""
        half = torch.is_autocast_enabled(last.device.type)
        if not self.training or factors is not None or half or not all(self.terms.values()):
            return super().forward(before_last, last, beta, edge_weights, factors)
        layout = torch.channels_last
        s0, s1 = (s.contiguous(memory_format=layout) for s in self.states(before_last, last))
        out: Tensor = CellPass.apply(  # type: ignore[no-untyped-call]
            self, s0, s1, beta, edge_weights if self.partial else None, *self.weights()
        )
        return out

    @property
    def partial(self) -> bool:
        """Whether channels pass by the operations."""
        return self.width < self.channels

    def stride(self, source: int) -> int:
        """Of the edges that leave a node."""
        return 2 if self.strided and source < INPUTS else 1

    def weights(self) -> list[Tensor]:
        """The kernels of all terms, in their order."""
        return [
            kernel
            for terms in self.terms.values()
            for term in terms
            for kernel in _kernels(self.operation(term.place, term.op))
        ]

    def index(self, target: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """The rows and columns of β of the terms that enter a node."""
        rows, columns = self._indices[target]
        return rows.to(device), columns.to(device)

    def entering(self, target: int, device: torch.device) -> Tensor:
        """The rows of the edges that enter a node, source 0 first."""
        return self._entering[target].to(device)

    @torch.no_grad()
    def see(self, kept: list[Kept]) -> None:
        """Move the running statistics of all norms, as a pass through them would."""
        means: list[Tensor] = []
        variances: list[Tensor] = []
        found: list[Tensor] = []
        for terms, node in zip(self.terms.values(), kept, strict=True):
            for number, term in enumerate(terms):
                norms = _norms(self.operation(term.place, term.op))
                if not norms or norms[0].running_mean is None:
                    continue
                inner = node.inner_statistics[number]
                found += [*([] if inner is None else [inner]), node.statistics[number]]
                for norm in norms:
                    assert norm.running_mean is not None and norm.running_var is not None
                    means.append(norm.running_mean)
                    variances.append(norm.running_var)
        if not found:
            return
        value = kept[0].values[0]
        count = value.numel() // value.shape[1]
        together = torch.stack(found)
        together[:, 1] *= count / max(count - 1, 1)
        together = together.to(means[0].dtype)
        torch._foreach_lerp_(means, list(together[:, 0].unbind()), 0.1)
        torch._foreach_lerp_(variances, list(together[:, 1].unbind()), 0.1)

    def _kind(self, place: int, op: int) -> str | None:
        name, module = self.names[op], self.operation(place, op)
        if name == "none":
            return None
        if isinstance(module, SepConv):
            return "sep"
        if isinstance(module, DepthwiseConvBN):
            return "dil"
        if isinstance(module, FactorizedReduce):
            return "reduce"
        return _KINDS.get(name, "skip")

    def _leaves(self, source: int, kind: str) -> bool:
        return any(
            term.source == source and term.kind == kind
            for terms in self.terms.values()
            for term in terms
        )

    @cached_property
    def _indices(self) -> dict[int, tuple[Tensor, Tensor]]:
        return {
            target: (
                torch.tensor([self.rows[term.place] for term in terms]),
                torch.tensor([term.op for term in terms]),
            )
            for target, terms in self.terms.items()
        }

    @cached_property
    def _entering(self) -> dict[int, Tensor]:
        return {
            target: torch.tensor(
                [self.rows[place] for place, (_, end) in enumerate(EDGES) if end == target]
            )
            for target in range(INPUTS, NODES)
        }


class FastDartsSupernet(PlainDartsSupernet):
    """The search network with each cell as one function.

    Arguments: see :class:`~naslib_edd.spaces.darts.plain.PlainDartsSupernet`.
    """

    memory_format = torch.channels_last

    def make_cell(self, **size: Any) -> DartsCell:
        """A :class:`FastDartsCell`."""
        return FastDartsCell(self.layout, partial=self.partial, running=self.running, **size)


def _kernels(module: nn.Module) -> list[Tensor]:
    """The weights of an operation, in the order that they are applied."""
    if isinstance(module, SepConv):
        return [*_kernels(module.first), *_kernels(module.second)]
    if isinstance(module, DepthwiseConvBN):
        return [module.depthwise.weight, module.pointwise.weight]
    if isinstance(module, FactorizedReduce):
        return [module.conv_1.weight, module.conv_2.weight]
    return []


def _norms(module: nn.Module) -> list[BatchNorm]:
    """The norms of an operation, in the order that they are applied."""
    if isinstance(module, SepConv):
        return [module.first.norm, module.second.norm]
    if isinstance(module, DepthwiseConvBN | FactorizedReduce):
        return [module.norm]
    if isinstance(module, Pool) and module.norm is not None:
        return [module.norm]
    return []
