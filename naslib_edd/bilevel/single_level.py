"""Single-level steps: weights and logits minimise one loss, that of the training images.

GAEA's ERM (Li et al. 2021, section 2). The release (liamcli/gaea_release) draws the logits' batch
from the training images afresh, so a step is two passes over two batches, one after the other.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from naslib_edd.bilevel.first_order import Batch, FirstOrder


class SingleLevel(FirstOrder):
    """:class:`FirstOrder` of which both batches are training images.

    Args:
        same_batch: the logits step on the weights' own batch; else on the second one, which the
            caller draws from the training images, too.
        options: see :class:`FirstOrder`.
    """

    def __init__(self, *, same_batch: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.same_batch = same_batch

    def step(self, train: Batch, val: Batch, t: Tensor) -> None:
        """Both steps in the set order; the meters' ``val`` is the logits' batch.

        Args:
            train: images [B, 3, H, W] and labels [B] for the weights.
            val: for the logits; not looked at with ``same_batch``.
            t: temperature, a scalar tensor on the device.
        """
        super().step(train, train if self.same_batch else val, t)
