"""What a regulariser is to the logit step."""

from __future__ import annotations

import abc

from torch import Tensor

from naslib_edd.component import Part


class Regulariser(Part, abc.ABC):
    """A scalar that is added to the validation loss in the logit step."""

    @abc.abstractmethod
    def __call__(self, logits: Tensor, beta: Tensor) -> Tensor:
        """The penalty, a scalar, of logits and β, both [edges, operations (+ 1)]."""
