"""What a perturbation is to the weight step."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Literal

from torch import Tensor

from naslib_edd.component import Part

#: β → the training loss of the batch.
Loss = Callable[[Tensor], Tensor]


class Perturbation(Part, abc.ABC):
    """β → the β that the weights are trained under."""

    #: The batch norms' statistics under ``loss``; neither kind changes the running ones.
    statistics: Literal["batch", "running"] = "running"

    @abc.abstractmethod
    def __call__(self, beta: Tensor, loss: Loss) -> Tensor:
        """A detached β of the given one's shape; ``loss(β)`` is the training loss of the batch."""
