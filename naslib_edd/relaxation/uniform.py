"""A path drawn uniformly at each step: how random search with weight sharing trains its weights.

Source: Li & Talwalkar 2019, "Random Search and Reproducibility for Neural Architecture Search".
"""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.relaxation.base import Relaxation


class Uniform(Relaxation):
    """One operation an edge, each as likely as any other; the logits have no say.

    Args:
        generator: a CPU generator; the only source of the samples.
    """

    sampled = True

    def __init__(self, *, generator: torch.Generator) -> None:
        self.generator = generator

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """One-hot rows [edges, operations] of a new sample; no gradient reaches the logits.

        An operation whose logit is minus infinity is not drawn.
        """
        # Drawn on the CPU, so that a seed gives the same samples on any device.
        chances = self.expected(logits, t).float().cpu()
        drawn = torch.multinomial(chances, 1, generator=self.generator).to(logits.device)
        return torch.zeros_like(logits.detach()).scatter_(-1, drawn, 1.0)

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """The same share for each operation that is not ruled out."""
        open_ = (logits.detach() > -torch.inf).to(logits.dtype)
        return open_ / open_.sum(-1, keepdim=True)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """Zeros."""
        return torch.zeros_like(grad), torch.zeros_like(grad)

    def state_dict(self) -> dict[str, Tensor]:
        """Where the generator is."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from :meth:`state_dict`."""
        self.generator.set_state(state["generator"].cpu())
