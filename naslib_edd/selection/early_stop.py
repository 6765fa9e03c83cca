"""When to stop: the dominant eigenvalue of the logits' Hessian has risen too fast.

Source: Zela et al. 2020, "Understanding and Robustifying Differentiable Architecture Search",
section 4.3 (stop where λ(i − k)/λ(i) < .75, λ smoothed); release automl/RobustDARTS,
``EVLocalAvg``: .75 became a ratio above 1.3 the other way round, and the search goes back to the
epoch in the middle of the earlier of the two averages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def local_average(eigenvalues: Sequence[float], window: int) -> float:
    """Mean of the last ``window`` eigenvalues, or of all there are."""
    last = eigenvalues[-window:]
    return sum(last) / len(last)


def stop_epoch(
    eigenvalues: Sequence[float],
    *,
    interval: int = 2,
    window: int = 5,
    start: int = 10,
    delta: int = 4,
    factor: float = 1.3,
) -> int | None:
    """The epoch (from 0) to go back to if the search is to stop now, or None: it goes on.

    Args:
        eigenvalues: measured after epochs 0, ``interval``, 2·``interval`` …, the newest last.
        interval: epochs between two of them.
        window: how many an average is over.
        start: an epoch before this is never gone back to.
        delta: the newest average is compared to the one so many eigenvalues before.
        factor: their ratio above which the search stops.
    """
    count = len(eigenvalues)
    middle = (count - 1) * interval - interval * (window // 2)
    back_to = middle - interval * delta
    # Averages begin once they are over half a window.
    if back_to < start or count - delta < math.ceil(window / 2):
        return None
    now = local_average(eigenvalues, window)
    before = local_average(eigenvalues[: count - delta], window)
    ratio = now / before if before else math.copysign(math.inf, now)
    return back_to if ratio > factor else None
