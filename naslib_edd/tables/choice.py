"""Choosing architectures of a table: the best within limits, and the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError

Values = NDArray[np.floating]


class Limits(NamedTuple):
    """Upper bounds, each inclusive; None for none.

    params_M: millions of parameters. flops_M: millions of multiply-adds. latency_ms: milliseconds.
    """

    params_M: float | None = None
    flops_M: float | None = None
    latency_ms: float | None = None

    def text(self) -> str:
        """The bounds in words."""
        bounds = (
            f"{name} ≤ {bound:g}" for name, bound in self._asdict().items() if bound is not None
        )
        return ", ".join(bounds) or "(none)"


def within(limits: Limits, costs: Mapping[str, Values], size: int) -> NDArray[np.bool_]:
    """Which architectures keep all limits, [size]; one of unknown cost does not.

    Args:
        limits: the bounds.
        costs: name of a bound -> the costs, [size].
        size: number of architectures.

    Raises:
        UserError: a bound is no number.
    """
    kept = np.ones(size, dtype=bool)
    for name, bound in limits._asdict().items():
        if bound is None:
            continue
        if not np.isfinite(bound):
            raise UserError(f"the limit {name} = {bound} is no number")
        with np.errstate(invalid="ignore"):
            kept &= costs[name] <= bound
    return kept


def order(values: Values, kept: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Indices of the kept architectures of known accuracy, the best first; of equals, the lower."""
    known = np.flatnonzero(np.isfinite(values) & kept)
    return known[np.argsort(-values[known], kind="stable")]


def front(values: Values, costs: Values) -> NDArray[np.intp]:
    """Indices of the Pareto front, the cheapest first.

    On it is each architecture than which no other is at least as good and as cheap, and one of
    both; of several that are equal in both, the one of the lowest index.

    Args:
        values: accuracies, NaN where unknown, [N].
        costs: the lower the better, NaN where unknown, [N].
    """
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(costs))
    if not known.size:
        return known
    by_cost = known[np.lexsort((known, -values[known], costs[known]))]
    best_so_far = np.maximum.accumulate(values[by_cost])
    better = np.r_[True, values[by_cost][1:] > best_so_far[:-1]]
    return by_cost[better]
