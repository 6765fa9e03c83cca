"""The cosine that the learning rate of the weights follows."""

from __future__ import annotations

import math

from naslib_edd.config.settings import SearchSettings


def cosine_rate(search: SearchSettings, *, epoch: int, step: int, steps: int) -> float:
    """The learning rate of a step: ``learning_rate`` at the start, towards ``learning_rate_min``.

    Args:
        search: its ``anneal`` says whether the rate moves each epoch (NB201's code) or each step.
        epoch, step: both from 0; steps: how many an epoch has.
    """
    within = step / steps if search.anneal == "step" and steps else 0.0
    done = min((epoch + within) / (search.anneal_epochs or search.epochs), 1.0)
    swing = (search.learning_rate - search.learning_rate_min) / 2
    return search.learning_rate_min + swing * (1 + math.cos(math.pi * done))
