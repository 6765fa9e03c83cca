"""The Hessian of a scalar of a few dozen logits, and its dominant eigenvalue.

By two backward passes, not by differences of the gradient: a network of ReLUs has kinks all over,
and a difference over any step that float32 can resolve counts the gradient's jumps across them as
curvature (in a small supernet, a step of .01 in the logits gave four times the eigenvalue).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def hessian(loss: Callable[[Tensor], Tensor], point: Tensor) -> Tensor:
    """∂²l/∂point²: ``loss`` (point → scalar) is differentiated twice. n entries: [n, n]."""
    with torch.enable_grad():
        leaf = point.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(leaf), leaf, create_graph=True)
        rows = [
            torch.autograd.grad(entry, leaf, retain_graph=True)[0].reshape(-1)
            for entry in gradient.reshape(-1)
        ]
    return torch.stack(rows)


def dominant_eigenvalue(matrix: Tensor) -> float:
    """The largest eigenvalue (with its sign) of a symmetric [n, n]."""
    return float(torch.linalg.eigvalsh(matrix.double())[-1])
