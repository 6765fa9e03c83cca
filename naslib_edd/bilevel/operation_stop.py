"""Operation-level early stopping: what fits the training half alone is trained no more.

For each operation with weights, of each edge of each cell, the cosine of its gradient on the train
batch with that on the validation batch of the same step is averaged over some steps. Where it falls
below a threshold, the operation's weights stay as they are for the rest of the search.
Source: Jiang et al. 2023, "Operation-Level Early Stopping for Robustifying Differentiable NAS"
(OLES), Algorithm 1; threshold and steps are its release's, PasaLab/oles.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.bilevel.first_order import Batch, FirstOrder


class OperationStop(FirstOrder):
    """:class:`FirstOrder` that stops operations.

    Args:
        threshold: of the mean cosine, between −1 and 1.
        count: steps of a mean.
        options: see :class:`FirstOrder`; the supernet gives each operation weights of its own.

    Attributes:
        stopped: bool [operations], which are trained no more.
    """

    def __init__(self, *, threshold: float, count: int, **options: Any) -> None:
        super().__init__(**options)
        self.threshold, self.count = threshold, count
        self.weights: list[Tensor] = self.supernet.operation_weights()  # type: ignore[operator]
        self.stopped = torch.zeros(len(self.weights), dtype=torch.bool)
        self._sums = torch.zeros(len(self.weights), dtype=torch.float64)
        self._seen = 0
        # Gradients of the step under way, each until the other half's is there.
        self._train: list[Tensor] | None = None
        self._val: list[Tensor] | None = None

    def step(self, train: Batch, val: Batch, t: Tensor) -> None:
        """See :class:`FirstOrder`; gradients of different steps are never compared."""
        self._train = self._val = None
        super().step(train, val, t)

    def adjust_gradients(self, batch: Batch, beta: Tensor) -> None:
        """Compare, and take the gradients of stopped operations away: their optimizer rests."""
        self._train = [
            torch.zeros_like(w) if w.grad is None else w.grad.clone() for w in self.weights
        ]
        self._compare()
        for weight, stopped in zip(self.weights, self.stopped.tolist(), strict=True):
            if stopped:
                weight.grad = None

    def gradient_of_beta(self, beta: Tensor, train: Batch, val: Batch) -> Tensor:
        """See :class:`FirstOrder`; the operations' own gradients are kept to be compared."""
        images, labels = val
        scores = self.supernet(images, beta)
        loss = F.cross_entropy(scores, labels)
        of_beta, *rest = torch.autograd.grad(loss, [beta, *self.weights], materialize_grads=True)
        self.meters.add_batch("val", loss, scores, labels)
        self._val = list(rest)
        self._compare()
        return of_beta

    def state_dict(self) -> dict[str, Any]:
        """What is stopped, and the means under way."""
        own = {"stopped": self.stopped, "sums": self._sums, "seen": self._seen}
        return {**super().state_dict(), **own}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        super().load_state_dict(state)
        self.stopped, self._sums = state["stopped"].clone(), state["sums"].clone()
        self._seen = state["seen"]

    def _compare(self) -> None:
        if self._train is None or self._val is None:
            return
        cosines = [
            F.cosine_similarity(one.reshape(1, -1), other.reshape(1, -1))
            for one, other in zip(self._train, self._val, strict=True)
        ]
        self._train = self._val = None
        self._sums += torch.cat(cosines).double().cpu()
        self._seen += 1
        if self._seen == self.count:
            self.stopped |= self._sums / self.count < self.threshold
            self._sums.zero_()
            self._seen = 0
