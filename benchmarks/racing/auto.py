"""What `search.kernels: auto` takes, beside C++ kernels and PyTorch's passes themselves."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from statistics import geometric_mean, median

import torch

from naslib_edd.engine.build.kernels import choose
from naslib_edd.errors import UserError
from naslib_edd.supernet.native import taking
from naslib_edd.supernet.native.build import built
from naslib_edd.supernet.native.choice import VARIABLE, override
from racing.entrants import BASELINE, FAST, bilevel_step, config
from racing.goals import AT_MOST_AUTO, Goal
from racing.pieces import Piece
from racing.race import race
from racing.shape import Record, Shape, Step, Tick, summary

#: Name → shape, and the rounds that count: more where steps are short.
SIZES = {
    "digits": (Shape(channels=8, cells=1, batch_size=64, size=8), 41),
    "C=8 N=1": (Shape(channels=8, cells=1, batch_size=64, size=32), 21),
    "C=16 N=5": (Shape(channels=16, cells=5, batch_size=64, size=32), 7),
}
THREADS = (1, 2)
WARMUP = 1
_CPU = torch.device("cpu")


def label(size: str, threads: int) -> str:
    """What the ratio is called."""
    return f"auto / better of on and off, {size}, {threads} thread{'s' * (threads > 1)}"


def aims() -> list[Goal]:
    """One for each size and number of threads."""
    return [Goal(label(size, n), AT_MOST_AUTO, "--auto") for size in SIZES for n in THREADS]


def make_pieces() -> dict[str, Piece]:
    """One for each size and number of threads, by name.

    Raises:
        UserError: there is nothing to choose here.
    """
    if override() is not None:
        raise UserError(f"--auto: {VARIABLE} leaves no choice; unset it")
    if built() is None:
        raise UserError("--auto: the C++ kernels cannot be had; `naslib-edd doctor` says why")
    return {
        f"auto, {size}, threads {n}": Piece(
            partial(_measure, size, shape, rounds, n), 3 * (WARMUP + rounds)
        )
        for size, (shape, rounds) in SIZES.items()
        for n in THREADS
    }


def _measure(size: str, shape: Shape, rounds: int, threads: int, tick: Tick) -> Record:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        chosen = choose(config(BASELINE, "fast", shape).search, device=_CPU, size=shape.size)
        takers = {"auto": chosen.on, "on": True, "off": False}
        steps = {name: _taking(shape, on) for name, on in takers.items()}
        run = partial(race, steps, device=_CPU, tick=tick, swapped=list(steps))
        run(rounds=WARMUP)
        seconds = run(rounds=rounds)
    finally:
        torch.set_num_threads(before)
    better = min(("on", "off"), key=lambda name: median(seconds[name]))
    ratios = [a / b for a, b in zip(seconds["auto"], seconds[better], strict=True)]
    # Over two rounds each of the three has had every place but the middle's as often.
    pairs = [geometric_mean(two) for two in pairwise(ratios)] or ratios
    row = {"label": label(size, threads), "over": "auto", "under": better, "of": "two rounds"}
    return {
        "kind": "auto", "shape": vars(shape), "threads": threads, "choice": chosen.as_dict(),
        "seconds": seconds, "ratios": [{**row, "rounds": pairs, **summary(pairs)}],
    }  # fmt: skip


def _taking(shape: Shape, on: bool) -> Step:
    made = bilevel_step(FAST(method=BASELINE), shape, _CPU)

    def step() -> None:
        with taking(on):
            made()

    return step
