"""How long one bilevel step takes: fast supernet, plain supernet, and the convolutions alone.

    python benchmarks/speed.py                    # C=16, N=5, batch 64, 32×32, fp32, on the CPU
    python benchmarks/speed.py --autodl CHECKOUT --memory --assert

One run races them all, step by step in turn (A B C A B C …), on the same random images, after
warm-up steps that are not counted. A ratio is the median of the rounds' own ratios, so what slows
the machine for a while slows both sides of it. benchmarks/README.md says how to read the table.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Literal, NoReturn

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from torch import Tensor

from naslib_edd import __version__
from naslib_edd.bilevel import FirstOrder
from naslib_edd.config import load
from naslib_edd.errors import UserError
from naslib_edd.files import write_text
from naslib_edd.methods import make_relaxation, make_supernet, make_temperature
from naslib_edd.settings import SearchSettings
from naslib_edd.spaces.nb201 import EDGES, NODES, OPERATIONS

Record = dict[str, Any]
Step = Callable[[], object]

#: Goals on a CPU, in shares of the other's step time.
FAST_OF_PLAIN = 0.55
PLAIN_OF_AUTODL = 1.1

BASELINE = "darts_v1"
CLASSES = 10
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


@dataclass(frozen=True)
class Shape:
    """What a step works on: images [batch_size, 3, size, size], a supernet of C and N."""

    channels: int
    cells: int
    batch_size: int
    size: int


# The floor: what the step cannot do without, as the fast supernet batches it


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """A k×k convolution of [B, channels_in, size, size]; the padding keeps the size at stride 1."""

    channels_in: int
    channels_out: int
    kernel: int
    size: int
    stride: int = 1

    @property
    def size_out(self) -> int:
        """Height and width of the output."""
        return self.size // self.stride

    def flops(self, batch: int) -> int:
        """Of one pass (a multiply-add is two); each of the three passes takes as many."""
        per_position = self.channels_in * self.kernel**2 * self.channels_out
        return 2 * batch * self.size_out**2 * per_position


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One run of a convolution: forward, or backward with the gradients that are asked for."""

    conv: Convolution
    of_input: bool = False
    of_weight: bool = False

    @property
    def backward(self) -> bool:
        """Whether a gradient is asked for."""
        return self.of_input or self.of_weight

    def flops(self, batch: int) -> int:
        """A backward pass costs a forward's flops for each gradient."""
        return self.conv.flops(batch) * (self.of_input + self.of_weight if self.backward else 1)

    def prepare(self, layout: str, batch: int, device: torch.device) -> Step:
        """The pass on random tensors in this memory layout, ready to run."""
        conv, form = self.conv, LAYOUTS[layout]

        def random(*shape: int) -> Tensor:
            return torch.randn(shape, device=device).contiguous(memory_format=form)

        x = random(batch, conv.channels_in, conv.size, conv.size)
        w = random(conv.channels_out, conv.channels_in, conv.kernel, conv.kernel)
        stride, padding = [conv.stride] * 2, [conv.kernel // 2] * 2
        rest = (stride, padding, [1, 1], False, [0, 0], 1)
        if not self.backward:
            return partial(torch.ops.aten.convolution.default, x, w, None, *rest)
        g = random(batch, conv.channels_out, conv.size_out, conv.size_out)
        mask = [self.of_input, self.of_weight, False]
        return partial(torch.ops.aten.convolution_backward.default, g, x, w, None, *rest, mask)


def convolutions(shape: Shape) -> tuple[list[Convolution], set[int]]:
    """The supernet's convolutions in order, edges batched by source node.

    Returns:
        The list, and the places in it of those that read what no logit has touched: the stem, and
        those on the first cell's input. The logit step needs no gradient of their inputs.
    """
    convs = [Convolution(channels_in=3, channels_out=shape.channels, kernel=3, size=shape.size)]
    untouched = {0}
    for stage in range(3):
        width, size = shape.channels * 2**stage, shape.size // 2**stage
        if stage:
            before = {"channels_in": width // 2, "channels_out": width}
            convs += [
                Convolution(**before, kernel=1, size=size),  # the shortcut, behind its pool
                Convolution(**before, kernel=3, size=size * 2, stride=2),
                Convolution(channels_in=width, channels_out=width, kernel=3, size=size),
            ]
        for cell in range(shape.cells):
            for source in range(NODES - 1):
                edges = sum(start == source for start, _ in EDGES)
                if stage == cell == source == 0:
                    untouched |= {len(convs), len(convs) + 1}
                convs += [
                    Convolution(
                        channels_in=width, channels_out=width * edges, kernel=kernel, size=size
                    )
                    for kernel in (1, 3)
                ]
    return convs, untouched


def passes(shape: Shape) -> list[Pass]:
    """Every pass of one bilevel step: the weight step's, then the logit step's."""
    convs, untouched = convolutions(shape)
    forward = [Pass(conv=conv) for conv in convs]
    weight_step = [
        Pass(conv=conv, of_input=place > 0, of_weight=True) for place, conv in enumerate(convs)
    ]
    logit_step = [
        Pass(conv=conv, of_input=True) for place, conv in enumerate(convs) if place not in untouched
    ]
    return [*forward, *reversed(weight_step), *forward, *reversed(logit_step)]


@torch.no_grad()
def floor_step(shape: Shape, device: torch.device, trials: int = 3) -> tuple[Step, list[Record]]:
    """All passes of a step, each in the memory layout that is the quicker for it.

    Returns:
        The step, and for each different pass: its shape, how often a step runs it, its flops, the
        seconds of every trial alone in each layout, and the layout taken.
    """
    every = passes(shape)
    chosen: dict[Pass, Step] = {}
    rows: list[Record] = []
    for one in dict.fromkeys(every):
        ready = {name: one.prepare(name, shape.batch_size, device) for name in LAYOUTS}
        for step in ready.values():
            step()
        seconds: dict[str, list[float]] = {name: [] for name in LAYOUTS}
        for _ in range(trials):
            for name, step in ready.items():
                seconds[name].append(timed(step, device))
        best = min(LAYOUTS, key=lambda name: median(seconds[name]))
        chosen[one] = ready[best]
        facts = {"count": every.count(one), "flops": one.flops(shape.batch_size), "layout": best}
        rows.append({**asdict(one), **facts, "seconds": seconds})

    @torch.no_grad()
    def step_all() -> None:
        for one in every:
            chosen[one]()

    return step_all, rows


# Who races


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """One of the things whose step is timed."""

    kind: Literal["fast", "plain", "autodl", "floor"]
    layout: str
    method: str | None = None

    @property
    def name(self) -> str:
        """A key: the kind, the method, and the layout where there are two."""
        parts = [self.kind, self.method, self.layout if self.kind == "plain" else None]
        return ":".join(part for part in parts if part)


def lineup(methods: Sequence[str], *, autodl: bool) -> list[Entrant]:
    """Who races, in the order of a round."""
    entrants = []
    for method in methods:
        entrants.append(Entrant(kind="fast", layout="channels_last", method=method))
        entrants += [Entrant(kind="plain", layout=layout, method=method) for layout in LAYOUTS]
    if autodl:
        entrants.append(Entrant(kind="autodl", layout="contiguous", method=BASELINE))
    return [*entrants, Entrant(kind="floor", layout="best of both")]


def settings(method: str, kind: str, shape: Shape) -> SearchSettings:
    """The method's recipe on a supernet of this shape."""
    search = {
        "supernet": kind,
        "channels": shape.channels,
        "cells": shape.cells,
        "batch_size": shape.batch_size,
    }
    return load({"optimizer": method, "search": search}).search


def batch(shape: Shape, layout: str, device: torch.device, seed: int) -> tuple[Tensor, Tensor]:
    """Random images [B, 3, size, size] and labels [B], the same for every entrant."""
    generator = torch.Generator().manual_seed(seed)
    count, size = shape.batch_size, shape.size
    images = torch.randn(count, 3, size, size, generator=generator).to(device)
    labels = torch.randint(CLASSES, (count,), generator=generator).to(device)
    return images.contiguous(memory_format=LAYOUTS[layout]), labels


def optimizers(
    search: SearchSettings, weights: Sequence[Tensor], logits: Sequence[Tensor]
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """SGD of the weights and Adam of the logits, as the recipe has them."""
    sgd = torch.optim.SGD(
        weights,
        lr=search.learning_rate,
        momentum=search.momentum,
        nesterov=search.nesterov,
        weight_decay=search.weight_decay,
    )
    adam = torch.optim.Adam(
        logits,
        lr=search.arch_learning_rate,
        betas=(search.arch_beta1, search.arch_beta2),
        weight_decay=search.arch_weight_decay,
    )
    return sgd, adam


def bilevel_step(entrant: Entrant, shape: Shape, device: torch.device) -> Step:
    """The project's own step, meters and all."""
    assert entrant.method is not None
    search = settings(entrant.method, entrant.kind, shape)
    torch.manual_seed(0)
    supernet = make_supernet(search, classes=CLASSES).to(device)
    supernet.to(memory_format=LAYOUTS[entrant.layout])  # type: ignore[call-overload]
    logits = (search.arch_init * torch.randn(len(EDGES), len(OPERATIONS))).to(device)
    logits.requires_grad_()
    weight_optimizer, logit_optimizer = optimizers(search, [*supernet.parameters()], [logits])
    bilevel = FirstOrder(
        supernet=supernet,
        logits=logits,
        relaxation=make_relaxation(search),
        weight_optimizer=weight_optimizer,
        logit_optimizer=logit_optimizer,
        order=search.order,
        clip=search.clip,
        grad_clip=search.grad_clip,
        stale_logits=search.clip_stale_logits,
    )
    t = torch.tensor(make_temperature(search, edges=len(EDGES)).t, device=device)
    train, val = (batch(shape, entrant.layout, device, seed) for seed in (1, 2))
    return partial(bilevel.step, train, val, t)


def autodl_network(checkout: Path) -> Any:
    """The class TinyNetworkDarts of a checkout of AutoDL-Projects.

    Raises:
        UserError: there is no such module, it does not import, or another copy is imported.
    """
    name = "xautodl.models.cell_searchs.search_model_darts"
    file = checkout.joinpath(*name.split(".")).with_suffix(".py")
    if not file.is_file():
        raise UserError(f"{checkout} is no checkout of AutoDL-Projects: it has no {name}")
    sys.path.insert(0, str(checkout))
    try:
        module = importlib.import_module(name)
        network = module.TinyNetworkDarts
    except Exception as error:  # whatever a foreign package raises
        raise UserError(f"cannot import {name} of --autodl {checkout}: {error}") from error
    finally:
        sys.path.remove(str(checkout))
    if not Path(module.__file__ or "").samefile(file):
        raise UserError(f"{name} comes from {module.__file__}, not from --autodl {checkout}")
    return network


def autodl_step(checkout: Path, shape: Shape, device: torch.device) -> Step:
    """A DARTS-V1 step as AutoDL-Projects runs it, without its reading of losses and accuracies."""
    search = settings(BASELINE, "plain", shape)
    make = autodl_network(checkout)
    torch.manual_seed(0)
    # 4 nodes, norms not affine, with running statistics: its script's arguments for NB201.
    operations = list(OPERATIONS)
    network = make(shape.channels, shape.cells, NODES, CLASSES, operations, False, True).to(device)
    sgd, adam = optimizers(search, network.get_weights(), network.get_alphas())
    train, val = (batch(shape, "contiguous", device, seed) for seed in (1, 2))

    def step() -> None:
        sgd.zero_grad()
        F.cross_entropy(network(train[0])[1], train[1]).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), search.grad_clip)
        sgd.step()
        adam.zero_grad()
        F.cross_entropy(network(val[0])[1], val[1]).backward()
        adam.step()

    return step


# Measuring


def timed(step: Step, device: torch.device) -> float:
    """Seconds of one step, with all that it left running on a GPU."""
    _wait(device)
    began = time.perf_counter()
    step()
    _wait(device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def race(
    steps: Mapping[str, Step], *, rounds: int, device: torch.device, tick: Callable[[str], None]
) -> dict[str, list[float]]:
    """Seconds of every step: round by round, each entrant once a round, always in this order."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds):
        for name, step in steps.items():
            seconds[name].append(timed(step, device))
            tick(f"round {number + 1}, {name}")
    return seconds


def build(
    entrant: Entrant, options: argparse.Namespace, device: torch.device
) -> tuple[Step, list[Record]]:
    """An entrant's step; for the floor, its passes too."""
    shape: Shape = options.shape
    if entrant.kind == "floor":
        return floor_step(shape, device)
    if entrant.kind == "autodl":
        return autodl_step(Path(options.autodl), shape, device), []
    return bilevel_step(entrant, shape, device), []


def peak_rss(entrant: Entrant, options: argparse.Namespace) -> Record:
    """Peak memory, MiB, of a process of its own that does nothing but this entrant's steps.

    Linux hands a process's peak on to what it starts: so no engine is built here before.
    """
    command = [sys.executable, __file__, "--memory-of", entrant.name, *shape_arguments(options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UserError(f"the memory of {entrant.name} could not be measured: {reason}")
    found: Record = json.loads(done.stdout)
    return found


def own_rss(options: argparse.Namespace) -> Record:
    """In the process of :func:`peak_rss`: peak resident memory, MiB, before and after two steps."""
    try:
        import resource
    except ImportError:
        raise UserError("--memory needs Unix: Python has no module `resource` here") from None

    def peak() -> float:
        unit = 1 if sys.platform == "darwin" else 1024  # bytes, or KiB
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20

    entrants = lineup(options.methods, autodl=options.autodl is not None)
    entrant = next(one for one in entrants if one.name == options.memory_of)
    before = peak()
    step, _ = build(entrant, options, torch.device("cpu"))
    for _ in range(2):
        step()
    return {"memory_mib": peak(), "memory_before_mib": before}


def measure(options: argparse.Namespace, console: Console) -> Record:
    """The whole benchmark; its record."""
    device = torch.device(options.device)
    entrants = lineup(options.methods, autodl=options.autodl is not None)
    apart = [one for one in entrants if options.memory and device.type == "cpu"]
    apart = [one for one in apart if one.kind != "floor"]  # its trials hold more than a step does
    rows: dict[str, Record] = {one.name: asdict(one) for one in entrants}
    steps: dict[str, Step] = {}
    floor: list[Record] = []
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
        auto_refresh=False,  # a thread that draws would take time from the steps
    )  # fmt: skip
    with bar:
        total = len(apart) + len(entrants) * (options.warmup + options.repeats)
        task = bar.add_task("building", total=total)

        def tick(done: str) -> None:
            bar.update(task, advance=1, description=f"{done:<42}", refresh=True)

        for one in apart:
            rows[one.name].update(peak_rss(one, options))
            tick(f"memory, {one.name}")
        for one in entrants:
            held = begin_memory(device)
            steps[one.name], passed = build(one, options, device)
            floor += passed
            warm = race(
                {one.name: steps[one.name]}, rounds=options.warmup, device=device, tick=tick
            )
            rows[one.name]["warmup_seconds"] = warm[one.name]
            if device.type == "cuda" and one.kind != "floor":
                peak = (torch.cuda.max_memory_allocated() - held) / 2**20
                rows[one.name]["memory_mib"] = peak
        seconds = race(steps, rounds=options.repeats, device=device, tick=tick)
    for name, found in seconds.items():
        rows[name].update({"seconds": found, **summary(found)})
    arithmetic = sum(row["flops"] * row["count"] for row in floor) / 1e9
    return {
        **surroundings(options),
        "settings": {
            **asdict(options.shape), "dtype": "float32", "methods": options.methods,
            "repeats": options.repeats, "warmup": options.warmup, "threads": options.threads,
            "device": options.device, "memory": options.memory,
            "autodl": None if options.autodl is None else commit(Path(options.autodl)),
            "cudnn_tf32": torch.backends.cudnn.allow_tf32,
        },
        "engines": rows,
        "ratios": compare(entrants, seconds, goals=device.type == "cpu"),
        "floor": {"gflop": arithmetic, "passes": floor},
    }  # fmt: skip


def begin_memory(device: torch.device) -> int:
    """Bytes that are held on a GPU now; its peak counts from here."""
    if device.type != "cuda":
        return 0
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def summary(values: Sequence[float]) -> Record:
    """Median and range."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def compare(
    entrants: Sequence[Entrant], seconds: Mapping[str, Sequence[float]], *, goals: bool = True
) -> list[Record]:
    """The ratios of interest, each the median (and range) of the rounds' own ratios.

    ``plain`` is, for each method, its better memory layout by the median. With ``goals``, a ratio
    that has a goal carries it as ``at_most`` and whether it is ``met``.
    """
    found: list[Record] = []

    def add(label: str, over: str, under: str, at_most: float | None = None) -> None:
        rounds = [a / b for a, b in zip(seconds[over], seconds[under], strict=True)]
        row: Record = {"label": label, "over": over, "under": under, "rounds": rounds}
        row.update(summary(rounds))
        if goals and at_most is not None:
            row.update({"at_most": at_most, "met": row["median"] <= at_most})
        found.append(row)

    plain: dict[str, str] = {}
    for one in entrants:
        if one.kind == "plain" and one.method is not None:
            best = plain.setdefault(one.method, one.name)
            plain[one.method] = min(best, one.name, key=lambda name: median(seconds[name]))
    for method in plain:
        label = f"fast / plain ({_layout(plain[method])}), {method}"
        add(label, f"fast:{method}", plain[method], FAST_OF_PLAIN)
    for method in plain:
        add(f"fast / floor, {method}", f"fast:{method}", "floor")
        if method != BASELINE and BASELINE in plain:
            add(f"{method} / {BASELINE}, fast", f"fast:{method}", f"fast:{BASELINE}")
            add(f"{method} / {BASELINE}, plain", plain[method], plain[BASELINE])
    autodl = next((one.name for one in entrants if one.kind == "autodl"), None)
    if autodl:
        label = f"plain ({_layout(plain[BASELINE])}) / AutoDL"
        add(label, plain[BASELINE], autodl, PLAIN_OF_AUTODL)
        add("fast / AutoDL", f"fast:{BASELINE}", autodl)
    return found


def _layout(name: str) -> str:
    return name.rpartition(":")[2]


def judge(ratios: Sequence[Record]) -> tuple[list[str], bool]:
    """A line for each goal, and whether all are met."""
    aims = [row for row in ratios if "met" in row]
    lines = [
        f"{'met' if row['met'] else 'MISSED':<6}  {row['label']}: {row['median']:.3f}, "
        f"goal at most {row['at_most']:g}"
        for row in aims
    ]
    return lines, all(row["met"] for row in aims)


def surroundings(options: argparse.Namespace) -> Record:
    """Where and how it ran. The command names no path outside the working folder."""
    words = ["python", "benchmarks/speed.py", *options.arguments]
    if options.autodl is not None:
        words = [word.replace(options.autodl, "AutoDL-Projects") for word in words]
    if options.out is not None and Path(options.out).is_absolute():
        words = [word.replace(options.out, Path(options.out).name) for word in words]
    cuda = torch.cuda.get_device_name() if options.device == "cuda" else None
    return {
        "command": " ".join(words), "processor": processor(), "gpu": cuda,
        "threads": torch.get_num_threads(), "torch": torch.__version__,
        "python": platform.python_version(), "system": platform.system(),
        "naslib_edd": __version__,
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }  # fmt: skip


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit(checkout: Path) -> str:
    """The commit of a checkout, or ``unknown``."""
    try:
        command = ["git", f"--git-dir={checkout / '.git'}", "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


# Showing


def show(record: Record, console: Console) -> None:
    """The tables of a record."""
    gpu = f"{record['gpu']}, " if record["gpu"] else ""
    shape = "C={channels} N={cells} batch {batch_size} {size}×{size} {dtype}"
    console.print(
        f"{gpu}{record['processor']}, {record['threads']} threads, torch {record['torch']}; "
        f"one bilevel step, {shape.format(**record['settings'])}, "
        f"{record['settings']['repeats']} rounds",
        soft_wrap=True,
        highlight=False,
    )
    better = {row["under"] for row in record["ratios"] if row["label"].startswith("fast / plain")}
    table = _table("engine", "method", "layout", "median s", "min–max s", "peak MiB", words=3)
    for name, row in record["engines"].items():
        table.add_row(
            row["kind"] + (" *" if name in better else ""),
            row["method"] or "–",
            row["layout"],
            f"{row['median']:.4f}",
            f"{row['min']:.4f}–{row['max']:.4f}",
            f"{row['memory_mib']:.0f}" if "memory_mib" in row else "–",
        )
    console.print(table)
    console.print()
    table = _table("ratio", "median", "min–max", "goal", "", words=1)
    for row in record["ratios"]:
        aim = ("–", "")
        if "met" in row:
            aim = (f"≤ {row['at_most']:g}", "met" if row["met"] else "missed")
        spread = f"{row['min']:.3f}–{row['max']:.3f}"
        table.add_row(row["label"], f"{row['median']:.3f}", spread, *aim)
    console.print(table)
    gflop = record["floor"]["gflop"]
    rate = gflop / record["engines"]["floor"]["median"]
    console.print(
        f"* plain in its better memory layout. The floor is {gflop:.3g} GFLOP of convolutions, "
        f"at {rate:.3g} GFLOP/s.",
        soft_wrap=True,
        highlight=False,
    )


def _table(*headers: str, words: int) -> Table:
    """A table whose first columns are words, the rest numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number < words else "right", no_wrap=True)
    return table


# The command line


class _Parser(argparse.ArgumentParser):
    """argparse, but that its errors look like all others here: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see --help")


def _at_least(least: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number of {least} or more")
        return int(text)

    return count


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    root = _Parser(prog="speed.py", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    number = root.add_argument
    number("--channels", type=_at_least(1), default=16, metavar="C")
    number("--cells", type=_at_least(1), default=5, metavar="N", help="cells a stage")
    number("--batch-size", type=_at_least(2), default=64, metavar="B")
    number("--size", type=_at_least(4), default=32, help="of the images; a multiple of 4")
    number("--repeats", type=_at_least(1), default=7, help="rounds that count")
    number("--warmup", type=_at_least(1), default=2, help="steps of each entrant that do not")
    number("--threads", type=_at_least(1), default=None, help="of the CPU; default: all cores")
    root.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    root.add_argument("--methods", nargs="+", default=[BASELINE, "edd_darts"], metavar="METHOD")
    root.add_argument("--autodl", metavar="PATH", help="race a checkout of AutoDL-Projects, too")
    root.add_argument(
        "--memory", action="store_true", help="CPU: peak memory, a process each (a GPU's is free)"
    )
    root.add_argument("--out", metavar="FILE", help="default: benchmarks/results/speed_DEVICE.json")
    root.add_argument(
        "--assert", dest="check", action="store_true", help="exit 1 if a goal on the CPU is missed"
    )
    root.add_argument("--memory-of", help=argparse.SUPPRESS)  # what --memory starts
    return root


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The checked options; raises UserError for what cannot be run."""
    options = parser().parse_args(arguments)
    options.arguments = list(arguments)
    options.methods = list(dict.fromkeys(options.methods))
    options.threads = options.threads or _cores()
    sizes = (options.channels, options.cells, options.batch_size, options.size)
    options.shape = Shape(*sizes)
    for method in options.methods:
        settings(method, "fast", options.shape)  # an unknown method ends here
    if options.size % 4:
        raise UserError(f"--size {options.size} is no multiple of 4: it is halved twice")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: PyTorch sees no CUDA device; use --device cpu")
    if options.device == "cuda" and options.check:
        raise UserError("--assert checks the goals of a CPU; leave it out with --device cuda")
    if options.autodl is not None:
        if BASELINE not in options.methods:
            raise UserError(f"--autodl is raced against {BASELINE}; add it to --methods")
        autodl_network(Path(options.autodl))
    return options


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shape_arguments(options: argparse.Namespace) -> list[str]:
    """The command line of a process that builds the same entrants."""
    names = ("channels", "cells", "batch_size", "size", "threads", "autodl")
    given = {name: getattr(options, name) for name in names}
    words = [
        f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value is not None
    ]
    return [*words, "--methods", *options.methods]


def run(options: argparse.Namespace) -> int:
    """Measure, save, show; returns the exit code."""
    torch.set_num_threads(options.threads)
    if options.memory_of:
        print(json.dumps(own_rss(options)))
        return 0
    default = Path(__file__).parent / "results" / f"speed_{options.device}.json"
    out = Path(options.out) if options.out else default
    if out.is_dir():
        raise UserError(f"--out {out} is a folder; name a file")
    console = Console()
    record = measure(options, console)
    write_text(out, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    show(record, console)
    lines, met = judge(record["ratios"])
    if options.check:
        print(*lines, sep="\n")
        if options.autodl is None:
            print("        plain / AutoDL: not measured, --autodl was not given")
    print(f"record: {out}")
    return 1 if options.check and not met else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line. 0: done; 1: a goal was missed (--assert); 2: bad input."""
    try:
        return run(read(sys.argv[1:] if arguments is None else arguments))
    except UserError as error:
        print(f"speed.py: {error}", file=sys.stderr)
        return 2
    except torch.cuda.OutOfMemoryError:
        print("speed.py: the GPU's memory is full; take a lower --batch-size", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("speed.py: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
