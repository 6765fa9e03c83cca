"""Who races, and our own step on the fast and the plain supernet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from naslib_edd.config.loading import load
from naslib_edd.config.settings import SearchSettings
from naslib_edd.config.settings.relaxation import SAMPLED
from naslib_edd.data.sampling import generator
from naslib_edd.engine.build import (
    make_allowed,
    make_bilevel,
    make_drop_path,
    make_perturbation,
    make_regularisers,
    make_relaxation,
    make_step,
    make_supernet,
    make_temperature,
    step_mode,
)
from naslib_edd.spaces.nb201.encoding import EDGES, NONE, OPERATIONS, SKIP
from naslib_edd.spaces.nb201.plain import PlainSupernet
from racing.shape import LAYOUTS, Shape, Step

BASELINE = "darts_v1"
CLASSES = 10
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


def samples(method: str) -> bool:
    """Whether a method computes one sampled operation an edge, not all of them."""
    return load({"optimizer": method}).search.relaxation in SAMPLED


def lineup(methods: Sequence[str], *, rivals: Collection[str] = ()) -> list[Entrant]:
    """Who races, in the order of a round: all that compute every operation, then the samplers.

    The plain supernet runs the former only. ``rivals`` are keys of :data:`RIVALS`.
    """
    dense = [method for method in methods if not samples(method)]
    entrants = []
    for method in dense:
        entrants.append(Entrant(kind="fast", layout="channels_last", method=method))
        entrants += [Entrant(kind="plain", layout=layout, method=method) for layout in LAYOUTS]
    others: list[Entrant] = []
    if "autodl" in rivals:
        others += [Entrant(kind="autodl", layout="contiguous", method=m) for m in RIVALS["autodl"]]
    if "naslib" in rivals:
        others += [Entrant(kind="naslib", layout="contiguous", method=m) for m in RIVALS["naslib"]]
    others = [one for one in others if one.method in methods]
    entrants += [one for one in others if not one.sampled]
    entrants.append(Entrant(kind="floor", layout="best of both"))
    entrants += [one for one in others if one.sampled]
    own = [method for method in methods if method not in dense]
    return entrants + [Entrant(kind="fast", layout="channels_last", method=m) for m in own]


def races(methods: Sequence[str], *, rivals: Collection[str] = ()) -> dict[str, list[Entrant]]:
    """Who races whom, by the races' names: what is compared step by step is in one race.

    The baseline beside each of its rivals; all methods that compute every operation, with the
    floor; each of them beside the plain supernet; all samplers.
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
    sampled = [one for one in every if one.sampled]
    return found | ({"samplers": sampled} if sampled else {})


def settings(
    method: str, kind: str, shape: Shape, *, precision: str = "fp32", graph: bool = False
) -> SearchSettings:
    """The method's recipe on a supernet of this shape."""
    search = {
        "precision": precision,
        "cuda_graph": "on" if graph else "off",
        "supernet": kind,
        "channels": shape.channels,
        "cells": shape.cells,
        "batch_size": shape.batch_size,
    }
    return load({"optimizer": method, "search": search}).search


def batch(shape: Shape, layout: str, device: torch.device, seed: int) -> tuple[Tensor, Tensor]:
    """Random images [B, 3, size, size] and labels [B], the same for every entrant."""
    source = torch.Generator().manual_seed(seed)
    count, size = shape.batch_size, shape.size
    images = torch.randn(count, 3, size, size, generator=source).to(device)
    labels = torch.randint(CLASSES, (count,), generator=source).to(device)
    return images.contiguous(memory_format=LAYOUTS[layout]), labels


def bilevel_step(entrant: Entrant, shape: Shape, device: torch.device) -> Step:
    """The project's own step as a search's first epoch takes it, meters and all.

    Two methods that differ in nothing but what happens between epochs draw the same samples here,
    step by step: every generator starts from the same seed.
    """
    assert entrant.method is not None
    search = settings(
        entrant.method, entrant.kind, shape, precision=entrant.precision, graph=entrant.graph
    )
    path = step_mode(search, device)  # refuses a graph where there can be none
    torch.manual_seed(0)
    supernet = make_supernet(search, classes=CLASSES).to(device)
    supernet.to(memory_format=LAYOUTS[entrant.layout])  # type: ignore[call-overload]
    supernet.drop_path = make_drop_path(search, generator=generator(0, "drop_path"))
    columns = len(OPERATIONS) + search.edge_columns
    logits = (search.arch_init * torch.randn(len(EDGES), columns)).to(device)
    logits.requires_grad_()
    allowed = make_allowed(search, edges=len(EDGES), operations=len(OPERATIONS), none=NONE)
    allowed = allowed.to(device)
    # As in the engine: a Dirichlet's samples depend on the logits, which are not to be waited for.
    drawn = device if search.relaxation == "dirichlet" else torch.device("cpu")
    random = generator(0, "relaxation", device=drawn)
    relaxation = make_relaxation(
        search,
        generator=random,
        allowed=allowed,
        targets=[target for _, target in EDGES],
        skip=SKIP,
    )
    regularisers = make_regularisers(search, allowed=allowed, skip=1)
    perturbation = make_perturbation(
        search, generator=generator(0, "perturbation"), allowed=allowed
    )
    for part in (supernet.drop_path, relaxation, *regularisers, perturbation):
        if part is not None:
            part.begin_epoch(0)
    bilevel = make_bilevel(
        search,
        supernet=supernet,
        logits=logits,
        relaxation=relaxation,
        regularisers=regularisers,
        perturbation=perturbation,
        generator=generator(0, "bilevel"),
        graphed=path.graphed,
    )
    bilevel.logits_rest = search.arch_fixed or search.relaxation == "uniform"
    t = torch.tensor(make_temperature(search, edges=len(EDGES)).t, device=device)
    train, val = (batch(shape, entrant.layout, device, seed) for seed in (1, 2))
    if not path.graphed:
        return partial(bilevel.step, train, val, t)
    graphed = make_step(
        search,
        bilevel=bilevel,
        parts=[relaxation, *regularisers],
        device=device,
        generators=[random] if drawn.type == device.type else [],
    )
    graphed.begin_epoch()
    return partial(graphed, train, val, t)
