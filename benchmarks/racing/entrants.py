"""Who races: our step on the fast and the plain supernet, AutoDL-Projects' step, the floor."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.compose import make_bilevel, make_relaxation, make_supernet, make_temperature
from naslib_edd.config import load
from naslib_edd.errors import UserError
from naslib_edd.settings import SearchSettings
from naslib_edd.spaces.nb201 import EDGES, NODES, OPERATIONS
from racing.shape import LAYOUTS, Shape, Step

BASELINE = "darts_v1"
CLASSES = 10


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
    """For AutoDL's network: SGD of the weights and Adam of the logits, as the recipe has them."""
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
    bilevel = make_bilevel(
        search, supernet=supernet, logits=logits, relaxation=make_relaxation(search)
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
