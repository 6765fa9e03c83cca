"""The fast search network of the DARTS space: the plain one's modules, another way through them.

In training a cell is one function with its backward pass by hand
(:mod:`naslib_edd.spaces.darts.cell_pass`), along a sampled path, too. In evaluation, with drop path
and in half precision it is the plain cell. Both networks have the same weights by the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from naslib_edd.spaces.darts.cell import DartsCell
from naslib_edd.spaces.darts.cell_pass import CellPass, Setting
from naslib_edd.spaces.darts.plain import PlainDartsSupernet
from naslib_edd.spaces.darts.plan import Plan, kernels_of


class FastDartsCell(DartsCell):
    """A cell that is one function in training. Arguments: see :class:`DartsCell`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.plan = Plan(self)

    def forward(
        self,
        before_last: Tensor,
        last: Tensor,
        beta: Tensor,
        edge_weights: Tensor | None = None,
        factors: Tensor | None = None,
    ) -> Tensor:
        """See :class:`DartsCell`."""
        if self._as_plain(last) or factors is not None:
            return super().forward(before_last, last, beta, edge_weights, factors)
        partial = self.width < self.channels
        return self._pass(before_last, last, beta, edge_weights if partial else None, self.plan)

    def sampled(
        self, before_last: Tensor, last: Tensor, beta: Tensor, ops: Sequence[int | None]
    ) -> Tensor:
        """See :class:`DartsCell`."""
        if self._as_plain(last):
            return super().sampled(before_last, last, beta, ops)
        return self._pass(before_last, last, beta, None, Plan(self, ops))

    def _as_plain(self, x: Tensor) -> bool:
        return not self.training or torch.is_autocast_enabled(x.device.type)

    def _pass(
        self,
        before_last: Tensor,
        last: Tensor,
        beta: Tensor,
        edge_weights: Tensor | None,
        plan: Plan,
    ) -> Tensor:
        states = (
            s.contiguous(memory_format=torch.channels_last) for s in self.states(before_last, last)
        )
        modules = (self.operation(t.place, t.op) for terms in plan.terms for t in terms)
        weights = [kernel for module in modules for kernel in kernels_of(module)]

        out: Tensor = CellPass.apply(  # type: ignore[no-untyped-call]
            Setting(self, plan), *states, beta, edge_weights, *weights
        )
        return out


class FastDartsSupernet(PlainDartsSupernet):
    """The search network with each cell as one function.

    Arguments: see :class:`~naslib_edd.spaces.darts.plain.PlainDartsSupernet`.
    """

    memory_format = torch.channels_last

    def make_cell(self, **size: Any) -> DartsCell:
        """A :class:`FastDartsCell`."""
        return FastDartsCell(self.layout, partial=self.partial, running=self.running, **size)
