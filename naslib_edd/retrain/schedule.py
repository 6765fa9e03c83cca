"""What changes from epoch to epoch: the learning rate and drop path's probability."""

from __future__ import annotations

import math

from naslib_edd.retrain.settings import Settings

#: The last epochs of the linear schedule, which has a smaller slope there.
LAST = 5


def learning_rate(settings: Settings, epoch: int) -> float:
    """The rate of an epoch, from 0.

    Cosine: from the highest to the lowest rate over the epochs behind the warm-up, the lowest
    being that of the epoch after the last. Linear: PC-DARTS' ImageNet schedule (b74702f,
    ``train_imagenet.py``), whose last five epochs have a fifth of what is left each. While it
    warms up, the rate is (epoch + 1)/warm-up of the highest.
    """
    highest, epochs, warmup = settings.learning_rate, settings.epochs, settings.warmup_epochs
    if epoch < warmup:
        return highest * (epoch + 1) / warmup
    if settings.schedule == "exponential":
        return highest * settings.decay ** (epoch - warmup)
    if settings.schedule == "linear":
        if epochs <= LAST:
            return highest * (epochs - epoch) / epochs
        if epochs - epoch > LAST:
            return highest * (epochs - LAST - epoch) / (epochs - LAST)
        return highest * (epochs - epoch) / ((epochs - LAST) * LAST)
    lowest = settings.learning_rate_min
    part = (epoch - warmup) / (epochs - warmup)
    return lowest + (highest - lowest) * (1 + math.cos(math.pi * part)) / 2


def drop_path(settings: Settings, epoch: int) -> float:
    """The probability of an epoch, from 0: it grows linearly, as in quark0/darts' ``train.py``."""
    return settings.drop_path * epoch / settings.epochs
