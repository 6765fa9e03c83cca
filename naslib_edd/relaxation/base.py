"""What a relaxation is to the search loop."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Relaxation(Protocol):
    """Logits → edge weights, differentiable."""

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """Edge weights β of logits [edges, operations] at temperature t (a scalar tensor)."""

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """The parts that add up to ∂l/∂logits, for grad = ∂l/∂β: (forward term, noise term)."""
