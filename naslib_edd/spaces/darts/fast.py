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
from naslib_edd.spaces.darts.kept import MOMENTUM, Kept
from naslib_edd.spaces.darts.plain import PlainDartsSupernet
from naslib_edd.spaces.darts.plan import Plan, kernels_of, norms_of


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
        modules = (self.operation(t.place, t.op) for terms in plan.terms.values() for t in terms)
        weights = [kernel for module in modules for kernel in kernels_of(module)]

        def see(kept: list[Kept]) -> None:
            self._see(plan, kept)

        out: Tensor = CellPass.apply(  # type: ignore[no-untyped-call]
            Setting(self, plan, see), *states, beta, edge_weights, *weights
        )
        return out

    @torch.no_grad()
    def _see(self, plan: Plan, kept: list[Kept]) -> None:
        """Move the running statistics of all norms, as a pass through them would."""
        means: list[Tensor] = []
        variances: list[Tensor] = []
        found: list[Tensor] = []
        for terms, node in zip(plan.terms.values(), kept, strict=True):
            for number, term in enumerate(terms):
                norms = norms_of(self.operation(term.place, term.op))
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
        value = next(value for node in kept for value in node.values)
        count = value.numel() // value.shape[1]
        together = torch.stack(found)
        together[:, 1] *= count / max(count - 1, 1)
        together = together.to(means[0].dtype)
        torch._foreach_lerp_(means, list(together[:, 0].unbind()), MOMENTUM)
        torch._foreach_lerp_(variances, list(together[:, 1].unbind()), MOMENTUM)


class FastDartsSupernet(PlainDartsSupernet):
    """The search network with each cell as one function.

    Arguments: see :class:`~naslib_edd.spaces.darts.plain.PlainDartsSupernet`.
    """

    memory_format = torch.channels_last

    def make_cell(self, **size: Any) -> DartsCell:
        """A :class:`FastDartsCell`."""
        return FastDartsCell(self.layout, partial=self.partial, running=self.running, **size)
