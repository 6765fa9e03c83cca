"""Independent gates: β = sigmoid(A / t), FairDARTS' relaxation (t = 1).

No operation wins at the cost of another: the rows of β do not sum to 1.
Source: Chu et al. 2020, "Fair DARTS", eq. 4.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.relaxation.base import Relaxation


class Sigmoid(Relaxation):
    """A gate an operation. A logit of minus infinity is a gate of 0, and of gradient 0."""

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """Gates of logits [edges, operations], each between 0 and 1."""
        return torch.sigmoid(logits / t)

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """Gates divided by the sum of their row, so that their entropy is one of a distribution.

        It is 0 where one gate is open, and log n where n are.
        """
        # Through logarithms: at a small t all gates of a row may be 0 in floating point.
        return torch.softmax(F.logsigmoid(logits / t), dim=-1)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """(1/t)·β·(1 − β)·g, and zeros: there is no noise term."""
        beta = self(logits, t)
        forward = beta * (1 - beta) * grad / t
        return forward, torch.zeros_like(forward)
