"""Who races whom, and our own step on the fast and the plain supernet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal

import torch

from naslib_edd.config.loading import load
from naslib_edd.config.settings import Config
from naslib_edd.config.settings.relaxation import SAMPLED
from naslib_edd.data.loading import ImageSet, SearchData
from naslib_edd.engine.engine import Engine
from naslib_edd.spaces.nb201.plain import PlainSupernet
from racing.shape import CLASSES, LAYOUTS, Shape, Step

BASELINE = "darts_v1"
#: The methods that a rival has a step of, too.
RIVALS = {"autodl": (BASELINE,), "naslib": (BASELINE, "gdas")}


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """One of the things whose step is timed.

    ``precision`` is of its convolutions and activations; ``graph``: the step is one CUDA graph.
    """

    kind: Literal["fast", "plain", "autodl", "naslib", "floor"]
    layout: str
    method: str | None = None
    precision: str = "fp32"
    graph: bool = False

    @property
    def name(self) -> str:
        """A key: the kind, the method, and what else there are two of."""
        parts = [self.kind, self.method, self.layout if self.kind == "plain" else None]
        parts += [self.precision if self.precision != "fp32" else None]
        parts += ["graph" if self.graph else None]
        return ":".join(part for part in parts if part)

    @property
    def as_it_runs(self) -> bool:
        """Whether it is the plain supernet in the memory layout that it runs in."""
        return self.kind == "plain" and LAYOUTS[self.layout] is PlainSupernet.memory_format

    @property
    def sampled(self) -> bool:
        """Whether a step computes only the operations that it samples, so that no two are alike."""
        return self.method is not None and samples(self.method)


FAST = partial(Entrant, kind="fast", layout="channels_last")


def samples(method: str) -> bool:
    """Whether a method computes one sampled operation an edge, not all of them."""
    return load({"optimizer": method}).search.relaxation in SAMPLED


def field(
    dense: Sequence[Entrant],
    methods: Sequence[str],
    rivals: Collection[str],
    precision: str = "fp32",
) -> list[Entrant]:
    """All who race, in the order of a round: who computes every operation, then the samplers.

    Args:
        dense: our own that compute every operation.
        methods: those of all; a rival's are left out that are none of them.
        rivals: keys of :data:`RIVALS`.
        precision: of our samplers and of the floor.
    """
    theirs = [
        Entrant(kind=kind, layout="contiguous", method=method)  # type: ignore[arg-type]
        for kind, steps in RIVALS.items()
        for method in steps
        if kind in rivals and method in methods
    ]
    floor = Entrant(kind="floor", layout="best of both", precision=precision)
    alike = [*dense, *(one for one in theirs if not one.sampled), floor]
    own = [FAST(method=method, precision=precision) for method in methods if samples(method)]
    return [*alike, *(one for one in theirs if one.sampled), *own]


def lineup(methods: Sequence[str], *, rivals: Collection[str] = ()) -> list[Entrant]:
    """Who races on a CPU; the plain supernet in both layouts, where all operations are computed."""
    dense: list[Entrant] = []
    for method in methods:
        if not samples(method):
            dense.append(FAST(method=method))
            dense += [Entrant(kind="plain", layout=layout, method=method) for layout in LAYOUTS]
    return field(dense, methods, rivals)


def races(
    methods: Sequence[str], *, rivals: Collection[str] = (), half: bool = False
) -> dict[str, list[Entrant]]:
    """Who races whom, by the races' names: what is compared step by step is in one race.

    The baseline beside each of its rivals; all methods that compute every operation, with the
    floor; each of them beside the plain supernet, and, if ``half``, beside itself in bf16; all
    samplers.
    """
    every = lineup(methods, rivals=rivals)
    own = [one for one in every if one.kind == "fast" and not one.sampled]
    found: dict[str, list[Entrant]] = {}
    for one in every:
        if one.kind in RIVALS and not one.sampled:
            base = [o for o in every if o.method == BASELINE and (o.kind == "fast" or o.as_it_runs)]
            found[one.kind] = [*base[: 2 if one.kind == "autodl" else 1], one]
    if own:
        found["floor"] = [*own, *(one for one in every if one.kind == "floor")]
    for fast in own:
        twins = [one for one in every if one.kind == "plain" and one.method == fast.method]
        found[f"plain, {fast.method}"] = [fast, *twins]
        if half:
            found[f"bf16, {fast.method}"] = [fast, FAST(method=fast.method, precision="bf16")]
    sampled = [one for one in every if one.sampled]
    return found | ({"samplers": sampled} if sampled else {})


def config(method: str, kind: str, shape: Shape, **more: str) -> Config:
    """The method's recipe on a supernet of this shape, with ``more`` settings of its search."""
    sizes = asdict(shape)
    del sizes["size"]
    return load({"optimizer": method, "search": {"supernet": kind, **sizes, **more}})


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
    search = config(entrant.method, entrant.kind, shape, **more, kernels="off")
    data = random_images(shape.batch_size, shape.size, torch.device("cpu"))
    engine = Engine(config=search, data=data, device=device)
    engine.supernet.to(memory_format=LAYOUTS[entrant.layout])  # type: ignore[call-overload]
    engine.begin_epoch()
    train, val = shape.batches(entrant.layout, device)
    if engine.graphed is None:
        return partial(engine.bilevel.step, train, val, engine.t)
    engine.graphed.begin_epoch()
    return partial(engine.graphed, train, val, engine.t)
