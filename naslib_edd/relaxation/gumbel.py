"""Gumbel softmax with a hard sample and a straight-through backward pass: GDAS' relaxation.

With G drawn from Gumbel(0, 1) for each entry, and τ the temperature::

    P = log softmax(A) + G          forward: one-hot of argmax P
                                    backward: as if it were softmax(P / τ)

With ``s``, the backward pass is sn-softmax's (eq. 8) at P in the place of softmax's: EDD-GDAS, our
reading. Source: Dong & Yang 2019, "Searching for a Robust Neural Architecture in Four GPU Hours".
"""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.device import send
from naslib_edd.relaxation.base import Relaxation
from naslib_edd.relaxation.sn_softmax import Scale, check_scale, gradient_terms, sn_softmax
from naslib_edd.relaxation.softmax import softmax_at, softmax_vjp


class Gumbel(Relaxation):
    """One sampled operation an edge.

    Args:
        generator: a CPU generator; the only source of the samples.
        s: None for softmax's backward pass, else sn-softmax's scaling factor or ``"unit"``.
    """

    sampled = True

    def __init__(self, *, generator: torch.Generator, s: Scale | None = None) -> None:
        if s is not None:
            check_scale(s)
        self.generator, self.s = generator, s
        self._noise: Tensor | None = None

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """One-hot rows [..., M] of a new sample, differentiable in the logits."""
        self._noise = send(self.draw(logits.shape), logits.device).to(logits)
        perturbed = logits.log_softmax(-1) + self._noise
        soft = softmax_at(perturbed, t) if self.s is None else sn_softmax(perturbed, t, self.s)
        # The difference is exactly zero: β is exactly one-hot, its gradient the soft one's.
        return _one_hot(perturbed).to(soft) + (soft - soft.detach())

    def draw(self, shape: torch.Size) -> Tensor:
        """Gumbel noise. Drawn on the CPU, so that a seed gives the same samples on any device."""
        draw = torch.empty(shape, dtype=torch.float32).exponential_(generator=self.generator)
        return -draw.clamp_min(torch.finfo(draw.dtype).tiny).log()

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """softmax(A/τ), without Gumbel noise."""
        return softmax_at(logits, t)

    def quiet(self, logits: Tensor, t: Tensor) -> Tensor:
        """One-hot rows of the largest logits; draws nothing."""
        return _one_hot(logits)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """(forward term, noise term) at the last sample, for grad = ∂l/∂β.

        log softmax passes them on unchanged, for the entries of each row sum to zero.
        """
        if self._noise is None:
            raise RuntimeError("no sample was drawn yet: call the relaxation first")
        perturbed = logits.log_softmax(-1) + self._noise
        if self.s is not None:
            return gradient_terms(perturbed, t, self.s, grad)
        forward = softmax_vjp(softmax_at(perturbed, t), grad) / t
        return forward, torch.zeros_like(forward)

    def state_dict(self) -> dict[str, Tensor]:
        """Where the generator is."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from :meth:`state_dict`."""
        self.generator.set_state(state["generator"].cpu())


def _one_hot(scores: Tensor) -> Tensor:
    hard = torch.zeros_like(scores.detach())
    return hard.scatter_(-1, scores.detach().argmax(-1, keepdim=True), 1.0)
