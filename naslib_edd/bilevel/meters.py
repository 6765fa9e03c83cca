"""Sums over the steps of an epoch, kept on the device: no step waits to read a number."""

from __future__ import annotations

import torch
from torch import Tensor

#: What a step adds; all but the last four are means over steps in the record.
NAMES = (
    "train_loss",
    "train_acc",
    "val_loss",
    "val_acc",
    "forward_norm",
    "noise_norm",
    "opposite_entries",
    "opposite_steps",
)

#: Of these, what only a logit step adds.
OF_LOGIT_STEPS = NAMES[4:]


class Meters:
    """Running sums of :data:`NAMES`.

    train and val loss and accuracy (%) are the supernet's, of the batches it stepped on.
    ``forward_norm`` and ``noise_norm`` are the norms of the two terms of ∂l/∂logits,
    ``opposite_entries`` the share of logits on which their signs differ, ``opposite_steps`` the
    share of steps with at least one such logit (the paper's eq. 9).
    """

    def __init__(self, *, device: torch.device) -> None:
        self.sums = torch.zeros(len(NAMES), device=device, dtype=torch.float64)
        self.steps = 0

    def add_batch(self, half: str, loss: Tensor, scores: Tensor, labels: Tensor) -> None:
        """Loss (scalar) and accuracy of class scores [B, classes] against labels [B]."""
        first = NAMES.index(f"{half}_loss")
        correct = (scores.detach().argmax(1) == labels).double().mean() * 100
        self.sums[first] += loss.detach()
        self.sums[first + 1] += correct

    def add_terms(self, forward: Tensor, noise: Tensor) -> None:
        """The two gradient terms of a logit step, both of the logits' shape."""
        first = NAMES.index("forward_norm")
        opposite = forward * noise < 0
        self.sums[first] += forward.norm()
        self.sums[first + 1] += noise.norm()
        self.sums[first + 2] += opposite.double().mean()
        self.sums[first + 3] += opposite.any()

    def means(self) -> dict[str, float]:
        """Mean of each over the steps so far. Reads the device once."""
        return dict(zip(NAMES, (self.sums / max(self.steps, 1)).tolist(), strict=True))

    def reset(self) -> None:
        """Begin an epoch."""
        self.sums.zero_()
        self.steps = 0

    def state_dict(self) -> dict[str, Tensor | int]:
        """Sums and number of steps."""
        return {"sums": self.sums, "steps": self.steps}

    def load_state_dict(self, state: dict[str, Tensor | int]) -> None:
        """Go on from :meth:`state_dict`."""
        sums, steps = state["sums"], state["steps"]
        assert isinstance(sums, Tensor) and isinstance(steps, int)
        self.sums.copy_(sums)
        self.steps = steps
