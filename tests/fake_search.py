"""A search as a stage sees it, without a network: accuracy is a function of β."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from naslib_edd.relaxation import Masked, Relaxation, Softmax
from naslib_edd.spaces import Kept, Space
from naslib_edd.spaces.nb201.space import SPACE
from naslib_edd.supernet.layers import Statistics


class FakeSearch:
    """Logits, mask and relaxation are real; ``accuracy`` (of β) stands for the supernet."""

    def __init__(
        self, *, logits: Tensor, accuracy: Callable[[Tensor], float] | None = None
    ) -> None:
        self.logits = logits.clone()
        self.allowed = torch.ones(logits.shape, dtype=torch.bool)
        self.relaxation: Relaxation = Masked(relaxation=Softmax(), allowed=self.allowed)
        self.t = torch.tensor(1.0)
        self.space: Space = SPACE
        self.supernet: Any = None
        self.weight_optimizer: torch.optim.Optimizer = torch.optim.SGD(
            [torch.zeros(1)], lr=0.1, momentum=0.9
        )
        self.batches = 0
        self.accuracy = accuracy
        self.statistics: list[str] = []

    @property
    def op_logits(self) -> Tensor:
        return self.logits

    def largest(self) -> Kept:
        return self.space.discretise(self.op_logits, allowed=self.allowed)

    @property
    def val_batches(self) -> int:
        return self.batches

    @property
    def beta(self) -> Tensor:
        return self.relaxation.expected(self.logits, self.t)

    def supernet_accuracy(self, beta: Tensor, statistics: Statistics) -> float:
        assert self.accuracy is not None
        self.statistics.append(statistics)
        return self.accuracy(beta)

    def val_batch(self, number: int) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def last_logit_batch(self) -> tuple[Tensor, Tensor]:
        raise NotImplementedError
