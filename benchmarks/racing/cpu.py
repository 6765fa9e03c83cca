"""The pieces of a CPU's benchmark: races, start-up, peak memory, curves, the choice of kernels."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import geometric_mean, median

import numpy as np
import torch

from naslib_edd.engine.build.kernels import choose
from naslib_edd.errors import UserError
from naslib_edd.supernet.native import taking
from naslib_edd.supernet.native.build import built
from naslib_edd.supernet.native.choice import VARIABLE, override
from naslib_edd.supernet.native.targets import no_bf16
from racing.compare import Goal, net_memory
from racing.entrants import FAST, Entrant, bilevel_step, build, races, timings
from racing.record import Piece
from racing.rivals import BASELINE, RIVALS, check_rival
from racing.steps import CPU, Record, Shape, Step, apart, race, samples, summary

#: What the console script does.
_MAIN = "import sys; from naslib_edd.cli.commands import main; sys.exit(main())"
#: Name → arguments of Python. The names are those of the goals; Python alone has none.
COMMANDS = {
    "python": ["-c", "pass"],
    "import naslib_edd": ["-c", "import naslib_edd"],
    "naslib-edd --help": ["-c", _MAIN, "--help"],
    "naslib-edd query": ["-c", _MAIN, "query", "6111", "--table", "digits"],
}
STARTS = 9
#: Curves: along an axis, the other two stay at these values.
FIXED = {"cells": 1, "batch_size": 16, "channels": 16}
AXES: Mapping[str, Sequence[int]] = {
    "cells": (1, 2, 4, 8),
    "batch_size": (16, 32, 64, 128),
    "channels": (8, 16, 32, 64),
}
#: --auto: shape, and the rounds that count: more where steps are short.
SIZES = {
    "digits": (Shape(channels=8, cells=1, batch_size=64, size=8), 41),
    "C=8 N=1": (Shape(channels=8, cells=1, batch_size=64, size=32), 21),
    "C=16 N=5": (Shape(channels=16, cells=5, batch_size=64, size=32), 7),
}
THREADS = (1, 2)
#: Inside it steps run on what it takes.
Taking = Callable[[], AbstractContextManager[None]]
#: `search.kernels: auto`, in multiples of the better of on and off.
AT_MOST_AUTO = 1.03
#: Seconds of a whole process.
STARTUP = {"naslib-edd query": 0.4, "naslib-edd --help": 0.2, "import naslib_edd": 0.1}
#: Exponents of a power law through the curve: linear in N and batch with a tolerance for the fit.
EXPONENTS = {"cells": 1.1, "batch_size": 1.1, "channels": 2.0}


def make_pieces(options: argparse.Namespace) -> dict[str, Piece]:
    """All that the options ask for, by name, in the order in which they are run."""
    grouped = races(options.methods, options.rivals, half=no_bf16() is None)
    found: dict[str, Piece] = {"start-up": startup} if options.startup else {}
    if options.memory:
        for one in dict.fromkeys(one for entrants in grouped.values() for one in entrants):
            if one.kind != "floor" and one.precision == "fp32":  # the floor's trials hold more
                found[f"memory, {one.name}"] = partial(memory, one, options)
    for name, entrants in grouped.items():
        found[f"race, {name}"] = partial(timings, entrants, options)
    for axis in AXES if options.curves else ():
        found[f"curve over {axis}"] = partial(curve, axis, options)
    return found | (autos() if options.auto else {})


def aims(methods: Sequence[str]) -> list[Goal]:
    """The goals of a run that races ``methods``."""
    dense = [method for method in methods if not samples(method)] or [BASELINE]
    has = "a processor with AVX512-BF16 or AMX"
    return [
        *(Goal(f"fast / floor, {one}", 1.5, f"--methods {one}") for one in dense),
        *(Goal(f"bf16 / fp32, {one}", 0.6, has, asserted=False) for one in dense),
        Goal("fast / AutoDL", 1 / 3.3, "--autodl"),
        Goal("fast / NASLib, darts_v1", 1 / 3.3, "--naslib"),
        Goal("fast / NASLib, gdas", 1 / 4, "--naslib and --methods gdas"),
        Goal("edd_darts / darts_v1, fast", 1.01, "--methods edd_darts darts_v1"),
        Goal("ets_gdas / gdas, fast", 1.002, "--methods ets_gdas gdas"),
        Goal("fast / AutoDL, peak memory", 0.6, "--autodl and --memory"),
        *(
            Goal(f"exponent of {what} in {axis}", most, "--curves")
            for axis, most in EXPONENTS.items()
            for what in ("time", "memory")
        ),
        *(Goal(f"{name}, s", most, "--startup") for name, most in STARTUP.items()),
        *(
            Goal(auto_label(size, threads), AT_MOST_AUTO, "--auto")
            for size in SIZES
            for threads in THREADS
        ),
        # What the plain supernet is for: a fair stand-in where there is no rival's checkout.
        *(Goal(f"fast / plain, {one}", 0.55, f"--methods {one}", asserted=False) for one in dense),
        Goal("plain / AutoDL", 1.1, "--autodl", asserted=False),
    ]


def startup() -> Record:
    """Seconds of each command, taken in turn, after one run of each that does not count."""
    run = partial(race, {name: partial(_start, name) for name in COMMANDS})
    run(rounds=1)
    seconds = run(rounds=STARTS).items()
    rows = [{"label": f"{name}, s", "seconds": row, **summary(row)} for name, row in seconds]
    return {"kind": "startup", "numbers": rows}


def _start(name: str) -> None:
    done = subprocess.run([sys.executable, *COMMANDS[name]], capture_output=True, check=False)
    if done.returncode:
        raise UserError(f"--startup: `{name}` ended with exit code {done.returncode}")


def memory(entrant: Entrant, options: argparse.Namespace) -> Record:
    """Peak memory of an engine."""
    found = peak_memory(entrant, options.shape, options)
    return {"kind": "memory", "engine": entrant.name, **found}


def peak_memory(entrant: Entrant, shape: Shape, options: argparse.Namespace) -> Record:
    """Peak memory, MiB, of a process that does nothing but two steps of this entrant."""
    failed = f"the memory of {entrant.name} could not be measured"
    (found,) = apart(options, own_memory, [(entrant, shape, options)], failed)
    return found


def own_memory(entrant: Entrant, shape: Shape, options: argparse.Namespace) -> Record:
    """In that process: resident memory after the imports, and at the peak of two steps."""
    if entrant.kind in RIVALS:
        check_rival(entrant.kind, getattr(options, entrant.kind), shape)  # imports it
    try:
        # Linux hands a process's peak on to what it starts: from here it counts anew.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        raise UserError("peak memory is read from Linux' /proc") from None
    before = _status("VmRSS")
    step = build(entrant, shape, options, CPU)
    for _ in range(2):
        step()
    return {"memory_mib": _status("VmHWM"), "memory_before_mib": before}


def _status(field: str) -> float:
    """A field of /proc/self/status, MiB."""
    words = Path("/proc/self/status").read_text(encoding="ascii").split()
    return float(words[words.index(f"{field}:") + 1]) / 1024


def curve(axis: str, options: argparse.Namespace) -> Record:
    """Along an axis: every point's timings, round by round, its memory, and the exponents."""
    entrant = FAST(method=BASELINE)
    points: list[Record] = []
    steps: dict[str, Step] = {}
    for shape in shapes(axis, options.shape.size):
        name = f"{axis} {getattr(shape, axis)}"
        points.append({**asdict(shape), **peak_memory(entrant, shape, options)})
        steps[name] = bilevel_step(entrant, shape, CPU)
        race({name: steps[name]}, rounds=options.warmup)
    for point, row in zip(points, race(steps, rounds=options.repeats).values(), strict=True):
        point |= {"seconds": row, **summary(row)}
    exponents = {"time": exponent(AXES[axis], [point["median"] for point in points])}
    net = [net_memory(point) for point in points]
    if min(net) > 0:  # a network may be too small to show
        exponents["memory"] = exponent(AXES[axis], net)
    found = {"kind": "curve", "axis": axis, "engine": entrant.name, "points": points}
    rows = [{"label": f"exponent of {w} in {axis}", "median": p} for w, p in exponents.items()]
    return {**found, "exponents": exponents, "numbers": rows}


def shapes(axis: str, size: int) -> list[Shape]:
    """The shapes along an axis, for images of ``size``."""
    return [replace(Shape(**FIXED, size=size), **{axis: value}) for value in AXES[axis]]


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """p of the power law y ∝ x^p: the slope of the least-squares line through the logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def autos() -> dict[str, Piece]:
    """`search.kernels: auto` beside on and off: a piece for each size and number of threads."""
    if override() is not None:
        raise UserError(f"--auto: {VARIABLE} leaves no choice; unset it")
    if built() is None:
        raise UserError("--auto: the C++ kernels cannot be had; `naslib-edd doctor` says why")
    return {f"auto, {size}, threads {n}": partial(auto, size, n) for size in SIZES for n in THREADS}


def auto_label(size: str, threads: int) -> str:
    """What the ratio is called."""
    return f"auto / better of on and off, {size}, {threads} thread{'s' * (threads > 1)}"


def auto(size: str, threads: int) -> Record:
    """What `auto` takes, beside C++ kernels and PyTorch's passes themselves."""
    shape, rounds = SIZES[size]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        chosen = choose(shape.config(BASELINE, "fast").search, device=CPU, size=shape.size)
        takers: dict[str, Taking] = {
            "auto": chosen.taken, "on": partial(taking, True), "off": partial(taking, False)
        }  # fmt: skip
        steps = {name: _inside(taker, shape) for name, taker in takers.items()}
        run = partial(race, steps, swapped=list(steps))
        run(rounds=1)
        seconds = run(rounds=rounds)
    finally:
        torch.set_num_threads(before)
    better = min(("on", "off"), key=lambda name: median(seconds[name]))
    ratios = [a / b for a, b in zip(seconds["auto"], seconds[better], strict=True)]
    # Over two rounds each of the three has had every place but the middle's as often.
    pairs = [geometric_mean(two) for two in pairwise(ratios)] or ratios
    row = {"label": auto_label(size, threads), "over": "auto", "under": better, "of": "two rounds"}
    return {
        "kind": "auto", "shape": vars(shape), "threads": threads, "choice": chosen.as_dict(),
        "seconds": seconds, "ratios": [{**row, "rounds": pairs, **summary(pairs)}],
    }  # fmt: skip


def _inside(taker: Taking, shape: Shape) -> Step:
    made = bilevel_step(FAST(method=BASELINE), shape, CPU)

    def step() -> None:
        with taker():
            made()

    return step
