"""What is added to the loss of the logits."""

from naslib_edd.regularisers.base import Regulariser

__all__ = ["Regulariser"]
