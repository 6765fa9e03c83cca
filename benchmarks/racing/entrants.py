"""Who races whom, and a race of them: a row of the record for each."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch

from naslib_edd.data.loading import ImageSet, SearchData
from naslib_edd.engine.engine import Engine
from racing.compare import compare
from racing.floor import floor_step
from racing.rivals import BASELINE, RIVALS, autodl_step, naslib_step
from racing.steps import (
    AS_IT_RUNS,
    CLASSES,
    CPU,
    DTYPES,
    LAYOUTS,
    Record,
    Shape,
    Step,
    race,
    samples,
    summary,
)


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """One of the things whose step is timed.

    ``kind``: fast, plain, autodl, naslib or floor; ``precision``: of its convolutions and
    activations; ``graph``: the step is one CUDA graph.
    """

    kind: str
    layout: str
    method: str | None = None
    precision: str = "fp32"
    graph: bool = False

    @property
    def name(self) -> str:
        """A key: the kind, the method, and what else there are two of."""
        layout, half = self.layout * (self.kind == "plain"), "bf16" * (self.precision == "bf16")
        parts = (self.kind, self.method, layout, half, "graph" * self.graph)
        return ":".join(part for part in parts if part)

    @property
    def sampled(self) -> bool:
        """Whether a step computes only the operations that it samples, so that no two are alike."""
        return self.method is not None and samples(self.method)


FAST = partial(Entrant, kind="fast", layout="channels_last")
FLOOR = Entrant(kind="floor", layout="best of both")


def races(
    methods: Sequence[str],
    rivals: Collection[str] = (),
    *,
    fast: Callable[[str], list[Entrant]] = lambda method: [FAST(method=method)],
    half: bool = False,
) -> dict[str, list[Entrant]]:
    """Who races whom, by the races' names: what is compared step by step is in one race.

    The baseline beside each of its rivals; all methods that compute every operation, with the
    floor; each of them beside the plain supernet, and beside itself in bf16; all samplers.

    Args:
        methods: of the project's own; rivals take part in those that they have.
        rivals: keys of :data:`racing.rivals.RIVALS`.
        fast: the fast engines of a method, of which a GPU has several.
        half: whether the processor has bf16.
    """
    plain = partial(Entrant, kind="plain")
    theirs = [
        Entrant(kind=kind, layout="contiguous", method=method)
        for kind, steps in RIVALS.items()
        for method in steps
        if kind in rivals and method in methods
    ]
    dense = [method for method in methods if not samples(method)]
    found: dict[str, list[Entrant]] = {}
    for rival in [one for one in theirs if not one.sampled]:
        found[rival.kind] = [*fast(BASELINE), rival]
        if rival.kind == "autodl":
            found["autodl"].insert(-1, plain(layout=AS_IT_RUNS, method=BASELINE))
    if dense:
        own = [one for method in dense for one in fast(method)]
        floors = dict.fromkeys(replace(FLOOR, precision=one.precision) for one in own)
        found["floor"] = [*own, *floors]
    for method in dense:
        layouts = [plain(layout=layout, method=method) for layout in LAYOUTS]
        found[f"plain, {method}"] = [*fast(method), *layouts]
        if half:
            both = [FAST(method=method, precision=precision) for precision in DTYPES]
            found[f"bf16, {method}"] = both
    samplers = [one for one in theirs if one.sampled]
    samplers += [one for method in methods if samples(method) for one in fast(method)]
    return found | ({"samplers": samplers} if samplers else {})


def random_images(count: int, size: int, device: torch.device) -> SearchData:
    """An image set of ``count`` random images [3, size, size] in each half."""
    source = torch.Generator().manual_seed(0)

    def half() -> ImageSet:
        pixels = torch.randint(256, (count, 3, size, size), dtype=torch.uint8, generator=source)
        labels = torch.randint(CLASSES, (count,), generator=source)
        return ImageSet(pixels.to(device), labels.to(device))

    return SearchData(
        name="cifar10", classes=CLASSES, mean=(127.5,) * 3, std=(73.9,) * 3,
        train=half(), val=half(), test=None, split="halves", source="random",
    )  # fmt: skip


def bilevel_step(entrant: Entrant, shape: Shape, device: torch.device) -> Step:
    """The project's own step as a search's first epoch takes it, meters and all.

    Two methods that differ in nothing but what happens between epochs draw the same samples here,
    step by step: every generator starts from the same seed.
    """
    assert entrant.method is not None
    more = {"precision": entrant.precision, "cuda_graph": "on" if entrant.graph else "off"}
    # Nothing is tried out: with kernels or without is up to who calls the step.
    config = shape.config(entrant.method, entrant.kind, **more, kernels="off")
    data = random_images(shape.batch_size, shape.size, CPU)
    engine = Engine(config=config, data=data, device=device)
    engine.supernet.to(memory_format=LAYOUTS[entrant.layout])  # type: ignore[call-overload]
    engine.begin_epoch()
    train, val = shape.batches(entrant.layout, device)
    if engine.graphed is None:
        return partial(engine.bilevel.step, train, val, engine.t)
    engine.graphed.begin_epoch()
    return partial(engine.graphed, train, val, engine.t)


def build(
    entrant: Entrant, shape: Shape, options: argparse.Namespace, device: torch.device
) -> Step:
    """The step of an entrant that is not the floor."""
    if entrant.kind == "autodl":
        return autodl_step(Path(options.autodl), shape, device)
    if entrant.kind == "naslib":
        return naslib_step(Path(options.naslib), str(entrant.method), shape, device)
    return bilevel_step(entrant, shape, device)


def timings(entrants: Sequence[Entrant], options: argparse.Namespace, about: str = "") -> Record:
    """A race: a row for each entrant, what the floor is made of, and the ratios.

    ``about`` is added to the ratios' labels.
    """
    device = torch.device(options.device)
    rows: dict[str, Record] = {}
    steps: dict[str, Step] = {}
    gflop, passes = 0.0, list[Record]()
    run = partial(race, device=device)
    for one in entrants:
        held = 0
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
            held = torch.cuda.memory_allocated()
        if one.kind == "floor":
            step, made_of = floor_step(options.shape, device, precision=one.precision)
            gflop = sum(row["flops"] * row["count"] for row in made_of) / 1e9
            passes += made_of
        else:
            step = build(one, options.shape, options, device)
        warm = run({one.name: step}, rounds=options.warmup)[one.name]
        row = {"sampled": one.sampled, "device": options.device, "warmup_seconds": warm}
        rows[one.name], steps[one.name] = {**asdict(one), **row}, step
        if device.type == "cuda" and one.kind != "floor":
            rows[one.name]["memory_mib"] = (torch.cuda.max_memory_allocated() - held) / 2**20
    # All of a race sample, or none does.
    sampled = entrants[0].sampled
    swapped = [one.name for one in entrants if one.sampled and one.kind == "fast"]
    rounds = options.sampled_repeats if sampled else options.repeats
    seconds = run(steps, rounds=rounds, swapped=swapped)
    for name, row in rows.items():
        row |= {"seconds": seconds[name], **summary(seconds[name])}
        # Each half of a step has a batch of its own.
        row["images_per_second"] = 2 * options.shape.batch_size / row["median"]
    floor = {"gflop": gflop, "passes": passes}
    return {"kind": "race", "engines": rows, "floor": floor, "ratios": compare(seconds, about)}
