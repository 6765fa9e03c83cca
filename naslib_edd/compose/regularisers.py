"""The regularisers of a config."""

from __future__ import annotations

from torch import Tensor

from naslib_edd.regularisers import BetaDecay, Regulariser, ZeroOne
from naslib_edd.settings import SearchSettings


def make_regularisers(search: SearchSettings, *, allowed: Tensor) -> list[Regulariser]:
    """What is added to the loss of the logits, in order; none by default.

    Args:
        search: the settings.
        allowed: bool [edges, operations], the operations that take part; held by the regularisers.
    """
    found: list[Regulariser] = []
    if search.beta_decay > 0:
        found.append(BetaDecay(weight=search.beta_decay, epochs=search.epochs, allowed=allowed))
    if search.zero_one > 0:
        found.append(ZeroOne(weight=search.zero_one, allowed=allowed))
    return found
