"""Entrants in turn, round by round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from racing.shape import Step, timed


def race(
    steps: Mapping[str, Step],
    *,
    rounds: int,
    device: torch.device,
    tick: Callable[[str], None],
    swapped: Sequence[str] = (),
) -> dict[str, list[float]]:
    """Seconds of every step: round by round, each entrant once a round.

    The order is always that of ``steps``; but those in ``swapped`` come last, in turns in this
    order and in the reverse, so that over two rounds none of two has the better place.
    """
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    first = [name for name in steps if name not in swapped]
    for number in range(rounds):
        last = swapped[::-1] if number % 2 else swapped
        for name in [*first, *last]:
            seconds[name].append(timed(steps[name], device))
            tick(f"round {number + 1}, {name}")
    return seconds
