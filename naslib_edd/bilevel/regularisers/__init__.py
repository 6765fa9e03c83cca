"""What is added to the loss of the logits."""

from naslib_edd.bilevel.regularisers.base import Regulariser
from naslib_edd.bilevel.regularisers.beta_decay import BetaDecay
from naslib_edd.bilevel.regularisers.zero_one import ZeroOne

__all__ = ["BetaDecay", "Regulariser", "ZeroOne"]
