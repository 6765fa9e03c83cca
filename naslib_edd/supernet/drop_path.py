"""Scheduled drop path in the search: now and then an edge passes nothing on, image by image.

In training mode each mixed edge of each cell is dropped for an image with probability p, and scaled
by 1/(1 − p) otherwise. p rises by the same amount each epoch, from 0 to its largest value.
Source: Zela et al. 2020, "Understanding and Robustifying Differentiable Architecture Search",
section 5.1, as its release does it (automl/RobustDARTS): on the output of the whole mixed
operation, in both steps, with p·epoch/(epochs − 1).
"""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.component import Part
from naslib_edd.device import send


class DropPath(Part):
    """Draws the factors of the edges.

    Args:
        largest: p in the last epoch, below 1.
        epochs: of the search; p stays at its largest in any more.
        generator: a CPU generator; the only source of the masks.
    """

    def __init__(self, *, largest: float, epochs: int, generator: torch.Generator) -> None:
        self.largest, self.epochs, self.generator = largest, epochs, generator
        #: in the present epoch
        self.probability = 0.0

    def begin_epoch(self, epoch: int) -> None:
        """Set p of this epoch."""
        self.probability = self.largest * min(epoch / max(self.epochs - 1, 1), 1.0)

    def factors(self, x: Tensor, edges: int) -> Tensor:
        """0 or 1/(1 − p) for each edge and image of x [B, …]: a fresh draw, [edges, B, 1, 1, 1].

        Of x's type and device.
        """
        # Drawn on the CPU, so that a seed gives the same masks on any device.
        keep = 1 - self.probability
        draw = torch.rand(edges, len(x), generator=self.generator)
        return (send(draw < keep, x.device).to(x) / keep)[:, :, None, None, None]

    def state_dict(self) -> dict[str, Tensor]:
        """Where the generator is."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from :meth:`state_dict`."""
        self.generator.set_state(state["generator"].cpu())
