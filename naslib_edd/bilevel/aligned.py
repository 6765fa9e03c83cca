"""Weight steps that also align the cells: every cell is to want the same operations.

With g_l = ∂l_train/∂β_l, the gradient of the edge weights in cell l alone, and L cells::

    Λ = 2 / (L·(L−1)) · Σ_{i<j} cos(g_i, g_j)          the weights descend l_train − λ·Λ

where λ rises linearly from 0 in the first epoch. Its gradient in the weights is a difference of
two passes, for p_l = ∂Λ/∂g_l and R = r/‖p‖::

    ∇_w Λ = (∇_w l_train(β_l + R·p_l) − ∇_w l_train(β_l − R·p_l)) / 2R

Source: Movahedi et al. 2023, "Λ-DARTS: Mitigating Performance Collapse by Harmonizing Operation
Selection among Cells"; r, λ and its schedule are those of its release, dr-faustus/Lambda-DARTS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.bilevel.first_order import Batch, FirstOrder
from naslib_edd.supernet.layers import evaluating


def directions(gradients: Sequence[Tensor]) -> list[Tensor]:
    """p_l = ∂Λ/∂g_l of gradients of one shape; zeros where a gradient is zero."""
    norms = [g.norm() for g in gradients]
    units = [
        torch.where(norm > 0, g / norm.clamp_min(torch.finfo(g.dtype).tiny), 0.0)
        for g, norm in zip(gradients, norms, strict=True)
    ]
    total = torch.stack(units).sum(0)
    pairs = len(gradients) * (len(gradients) - 1) / 2
    found = []
    for unit, norm in zip(units, norms, strict=True):
        across = total - unit * (unit * total).sum()
        tiny = torch.finfo(unit.dtype).tiny
        found.append(torch.where(norm > 0, across / norm.clamp_min(tiny), 0.0) / pairs)
    return found


class Aligned(FirstOrder):
    """:class:`FirstOrder` with −λ·Λ in the weights' loss.

    The passes for Λ normalise by the batch and leave running statistics alone.

    Args:
        weight: λ of the last epoch.
        epochs: of the search.
        radius: r.
        options: see :class:`FirstOrder`; the supernet is one of ours.
    """

    def __init__(self, *, weight: float, epochs: int, radius: float, **options: Any) -> None:
        super().__init__(**options)
        self.last, self.epochs, self.radius = weight, epochs, radius
        #: λ in the present epoch
        self.weight = 0.0

    def begin_epoch(self, epoch: int) -> None:
        """λ of this epoch."""
        self.weight = self.last * min(epoch / max(self.epochs - 1, 1), 1.0)

    def adjust_gradients(self, batch: Batch, beta: Tensor) -> None:
        """Add −λ·∇_w Λ to the weights' gradient."""
        if self.weight == 0:
            return
        with evaluating(self.supernet, "batch"):
            towards = self._gradient_of_alignment(batch, beta.detach())
        for parameter, gradient in zip(self.parameters, towards, strict=True):
            if gradient is not None and parameter.grad is not None:
                parameter.grad = parameter.grad - self.weight * gradient

    def _gradient_of_alignment(self, batch: Batch, beta: Tensor) -> list[Tensor | None]:
        """∇_w Λ at β, by two passes."""
        count: int = self.supernet.cell_count  # type: ignore[assignment]
        cells = [beta.clone().requires_grad_() for _ in range(count)]
        of_cells = torch.autograd.grad(self._loss(batch, cells), cells)
        along = directions(of_cells)
        size = torch.stack([part.norm() for part in along]).norm()
        reach = self.radius / size.clamp_min(torch.finfo(size.dtype).tiny)
        ends: list[Sequence[Tensor | None]] = []
        for sign in (1, -1):
            moved = [beta + sign * reach * part for part in along]
            loss = self._loss(batch, moved)
            ends.append(torch.autograd.grad(loss, list(self.parameters), allow_unused=True))
        # Where all cells agree already there is nothing to gain: the two ends are one.
        scale = torch.where(size > 0, 1 / (2 * reach), 0.0)
        return [
            None if up is None or down is None else scale * (up - down)
            for up, down in zip(*ends, strict=True)
        ]

    def _loss(self, batch: Batch, weights: Sequence[Tensor]) -> Tensor:
        images, labels = batch
        return F.cross_entropy(self.supernet.by_cell(images, weights), labels)  # type: ignore[operator]
