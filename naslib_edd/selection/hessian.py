"""The Hessian of a scalar of a few dozen logits, twice: by differences and by autograd.

The differences need first derivatives only, so they work on a network whose backward pass is
written by hand; the other is the twin that they are held to.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


@torch.no_grad()
def hessian_by_differences(
    gradient: Callable[[Tensor], Tensor], point: Tensor, *, step: float
) -> Tensor:
    """Central differences of a gradient: two calls an entry of the point.

    Args:
        gradient: point → ∂l/∂point, both of one shape with n entries.
        point: where; float64 keeps the steps exact.
        step: of each entry. The error is of order step² (and rounding / step).

    Returns:
        [n, n], symmetric.
    """
    flat = point.reshape(-1)
    rows = []
    for entry in range(flat.numel()):
        way = torch.zeros_like(flat)
        way[entry] = step
        up, down = flat + way, flat - way
        rise = gradient(up.view_as(point)) - gradient(down.view_as(point))
        rows.append(rise.reshape(-1) / (up[entry] - down[entry]))
    hessian = torch.stack(rows)
    return (hessian + hessian.T) / 2


def exact_hessian(loss: Callable[[Tensor], Tensor], point: Tensor) -> Tensor:
    """By two backward passes: ``loss`` (point → scalar) must be differentiable twice. [n, n]."""
    leaf = point.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf), leaf, create_graph=True)
    rows = [
        torch.autograd.grad(entry, leaf, retain_graph=True)[0].reshape(-1)
        for entry in gradient.reshape(-1)
    ]
    return torch.stack(rows)


def dominant_eigenvalue(hessian: Tensor) -> float:
    """The largest eigenvalue (with its sign) of a symmetric [n, n]."""
    return float(torch.linalg.eigvalsh(hessian.double())[-1])
