"""The concrete distribution: a soft sample of each edge's operations, SNAS' relaxation.

With G drawn from Gumbel(0, 1) for each entry::

    β = softmax((log softmax(A) + G) / t)

As t goes to 0, β becomes a one-hot sample of softmax(A). Its gradient is the sample's own, without
a straight-through step.
Source: Xie et al. 2019, "SNAS: Stochastic Neural Architecture Search", eq. 5; Maddison et al. 2017.
"""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.device import send
from naslib_edd.relaxation.base import Relaxation
from naslib_edd.relaxation.softmax import softmax_at, softmax_vjp


class Concrete(Relaxation):
    """A soft sample an edge, fresh at every call.

    Args:
        generator: a CPU generator; the only source of the samples.
    """

    def __init__(self, *, generator: torch.Generator) -> None:
        self.generator = generator
        self._sample: Tensor | None = None

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """Rows [..., M] that sum to 1, of a new sample, differentiable in the logits."""
        noise = torch.empty(logits.shape, dtype=torch.float32)
        noise.exponential_(generator=self.generator).clamp_min_(torch.finfo(noise.dtype).tiny)
        beta = softmax_at(logits.log_softmax(-1) - send(noise, logits.device).log().to(logits), t)
        self._sample = beta.detach()
        return beta

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """softmax(A), the distribution of the largest entry at any t."""
        return softmax_at(logits, 1.0)

    def quiet(self, logits: Tensor, t: Tensor) -> Tensor:
        """The same; draws nothing."""
        return self.expected(logits, t)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """(1/t)·J(β)·g at the last sample, and no noise term.

        log softmax passes it on unchanged, for the entries of each row sum to zero.
        """
        if self._sample is None:
            raise RuntimeError("no sample was drawn yet: call the relaxation first")
        forward = softmax_vjp(self._sample, grad) / t
        return forward, torch.zeros_like(forward)

    def state_dict(self) -> dict[str, Tensor]:
        """Where the generator is."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from :meth:`state_dict`."""
        self.generator.set_state(state["generator"].cpu())
