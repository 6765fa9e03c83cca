"""What a relaxation is to the search loop."""

from __future__ import annotations

import abc

import torch
from torch import Tensor

from naslib_edd.component import Part


class Relaxation(Part, abc.ABC):
    """Logits → edge weights, differentiable."""

    #: Each row of β is one-hot: a network need compute only the sampled operation.
    sampled: bool = False

    @abc.abstractmethod
    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """Edge weights β of logits [edges, operations] at temperature t (a scalar tensor).

        A logit of minus infinity rules its operation out: β and its gradient are 0 there.
        """

    @abc.abstractmethod
    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """β without a sample, each row summing to 1: what entropy is measured on. Draws nothing."""

    def quiet(self, logits: Tensor, t: Tensor) -> Tensor:
        """β for someone who calls the network outside a step: nothing is drawn."""
        return self(logits, t)

    def edge_weights(self, logits: Tensor) -> Tensor | None:
        """The weights that edges have of their own, [edges]; None: they have none."""
        return None

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """The parts that add up to ∂l/∂logits, for grad = ∂l/∂β: (forward term, noise term).

        Of the last call. By default the whole gradient, by autograd, and no noise: right for a
        relaxation that draws nothing.
        """
        with torch.enable_grad():
            leaf = logits.detach().requires_grad_()
            (forward,) = torch.autograd.grad(self(leaf, t), leaf, grad)
        return forward, torch.zeros_like(forward)
