"""Some operations ruled out: their β is 0, the others share the rest.

For searches without `none` (GAEA), and for those that drop operations while they run (DrNAS' second
stage, SGAS' and PT's decisions).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.relaxation.base import Relaxation


def masked_logits(logits: Tensor, allowed: Tensor) -> Tensor:
    """Logits [edges, operations] with minus infinity where an operation is ruled out.

    The logits of an edge that is gone (nothing of it is allowed) stay: a softmax of them is finite,
    and whoever takes it sets what comes out to 0.
    """
    return logits.masked_fill(~allowed & allowed.any(-1, keepdim=True), -torch.inf)


class Masked(Relaxation):
    """A relaxation of the allowed operations only.

    Args:
        relaxation: of the logits that are left.
        allowed: bool [edges, operations]; held, not copied: who changes it changes the mask. An
            edge of which no operation is allowed is gone: its β is 0.
    """

    def __init__(self, *, relaxation: Relaxation, allowed: Tensor) -> None:
        self.relaxation, self.allowed = relaxation, allowed
        self.sampled = relaxation.sampled

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """β [edges, operations], zero where an operation is ruled out."""
        return self._there(self.relaxation(self._masked(logits), t))

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """See :class:`Relaxation`."""
        return self._there(self.relaxation.expected(self._masked(logits), t))

    def quiet(self, logits: Tensor, t: Tensor) -> Tensor:
        """See :class:`Relaxation`."""
        return self._there(self.relaxation.quiet(self._masked(logits), t))

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """See :class:`Relaxation`; zero where an operation is ruled out."""
        forward, noise = self.relaxation.gradient_terms(self._masked(logits), t, grad)
        out = ~self.allowed
        return forward.masked_fill(out, 0.0), noise.masked_fill(out, 0.0)

    def begin_epoch(self, epoch: int) -> None:
        """See :class:`Relaxation`."""
        self.relaxation.begin_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """The relaxation's; the mask belongs to whoever changes it."""
        return self.relaxation.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.relaxation.load_state_dict(state)

    def _masked(self, logits: Tensor) -> Tensor:
        return masked_logits(logits, self.allowed)

    def _there(self, beta: Tensor) -> Tensor:
        return beta.masked_fill(~self.allowed.any(-1, keepdim=True), 0.0)
