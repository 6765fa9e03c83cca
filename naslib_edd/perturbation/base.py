"""What a perturbation is to the weight step."""

from __future__ import annotations

import abc
from collections.abc import Callable

from torch import Tensor

from naslib_edd.part import Part


class Perturbation(Part, abc.ABC):
    """β → the β that the weights are trained under."""

    @abc.abstractmethod
    def __call__(self, beta: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
        """A detached β of the given one's shape; ``loss(β)`` is the training loss of the batch."""
