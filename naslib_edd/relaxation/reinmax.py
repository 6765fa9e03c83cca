"""ReinMax: one-hot samples whose straight-through gradient is right to the second order.

With p = softmax(A), D a one-hot sample of p, and J(π)·g = π ⊙ (g − ⟨π, g⟩), for g = ∂l/∂D::

    π = (softmax(A/τ) + D) / 2          ∂l/∂A = 2·J(π)·g − ½·J(p)·g

At τ = 1 its mean over samples is the gradient of E[l(D)] for every l that is quadratic in D (Heun's
rule), where the usual straight-through gradient J(p)·g has that of linear ones only.
Source: Liu et al. 2023, "Bridging Discrete and Backpropagation: Straight-Through and Beyond".
"""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.device import send
from naslib_edd.relaxation.base import Relaxation
from naslib_edd.relaxation.softmax import softmax_at, softmax_vjp


class ReinMax(Relaxation):
    """One-hot rows, of whose gradient every entry counts: a network computes all operations.

    (So ``sampled`` is False. GDAS computes the sampled operation alone, and has no ∂l/∂D of the
    others.)

    Args:
        generator: a CPU generator; the only source of the samples.
    """

    def __init__(self, *, generator: torch.Generator) -> None:
        self.generator = generator
        self._sample: Tensor | None = None

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """One-hot rows [..., M] of a new sample, differentiable in the logits; t is τ."""
        self._sample = sample = self.draw(logits.detach())
        middle, p = self._weights(logits.detach(), t, sample)
        finite = logits.masked_fill(torch.isneginf(logits), 0.0)
        slope = 2 * _linear(middle, finite) - 0.5 * _linear(p, finite)
        return sample + (slope - slope.detach())

    def draw(self, logits: Tensor) -> Tensor:
        """A one-hot sample of softmax(logits), by Gumbel noise drawn on the CPU."""
        noise = torch.empty(logits.shape, dtype=torch.float32)
        noise.exponential_(generator=self.generator).clamp_min_(torch.finfo(noise.dtype).tiny)
        best = (logits - send(noise, logits.device).log().to(logits)).argmax(-1, keepdim=True)
        return torch.zeros_like(logits).scatter_(-1, best, 1.0)

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """softmax(A), the mean of the samples, whatever t is."""
        return softmax_at(logits, 1.0)

    def quiet(self, logits: Tensor, t: Tensor) -> Tensor:
        """One-hot rows of the largest logits; draws nothing."""
        best = logits.detach().argmax(-1, keepdim=True)
        return torch.zeros_like(logits.detach()).scatter_(-1, best, 1.0)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """2·J(π)·g − ½·J(p)·g at the last sample, and no noise."""
        if self._sample is None:
            raise RuntimeError("no sample was drawn yet: call the relaxation first")
        middle, p = self._weights(logits, t, self._sample)
        forward = 2 * softmax_vjp(middle, grad) - 0.5 * softmax_vjp(p, grad)
        return forward, torch.zeros_like(forward)

    def state_dict(self) -> dict[str, Tensor]:
        """Where the generator is."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from :meth:`state_dict`."""
        self.generator.set_state(state["generator"].cpu())

    @staticmethod
    def _weights(logits: Tensor, t: Tensor, sample: Tensor) -> tuple[Tensor, Tensor]:
        return (softmax_at(logits, t) + sample) / 2, softmax_at(logits, 1.0)


def _linear(weights: Tensor, logits: Tensor) -> Tensor:
    """A function of the logits whose Jacobian is that of a softmax at these weights, J(weights)."""
    return weights * (logits - (weights * logits).sum(-1, keepdim=True))
