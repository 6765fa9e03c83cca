"""The parts of one's own that a config names, made for one search."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd import spaces
from naslib_edd.config.methods.own_parts import make, registered
from naslib_edd.config.settings import SearchSettings
from naslib_edd.config.settings.relaxation import ONE_PATH
from naslib_edd.engine.build.own_functions import (
    Chosen,
    FunctionRegulariser,
    FunctionRelaxation,
    FunctionTemperature,
)
from naslib_edd.errors import UserError
from naslib_edd.spaces import Layout


def own_part(
    kind: str,
    search: SearchSettings,
    *,
    seed: int = 0,
    generator: torch.Generator | None = None,
    allowed: Tensor | None = None,
    layout: Layout | None = None,
) -> Any:
    """The part of that kind that a config names.

    Args:
        kind, search: which.
        seed, generator, allowed: what it may be given.
        layout: of the space; NAS-Bench-201's by default.

    Raises:
        UserError: it is not registered, or asks for what a search does not know.
    """
    name = getattr(search, f"own_{kind}")
    part = registered(name)
    layout = layout or spaces.get("nasbench201").layout
    edges, operations = layout.edges, len(layout.operations)
    known: dict[str, Any] = {"settings": search, "seed": seed, "epochs": search.epochs}
    if kind == "relaxation":
        known["generator"] = generator or torch.Generator().manual_seed(seed)
    elif kind == "temperature":
        known |= {"t0": search.t0, "edges": edges}
    elif kind == "regulariser":
        known["allowed"] = torch.ones(edges, operations) > 0 if allowed is None else allowed
    elif kind == "stage":
        known |= {"edges": edges, "operations": operations}
    made = make(kind, part, known)
    if kind == "selection":
        return made
    if not isinstance(part, type):
        made = _of_function(kind, made, search)
    if kind == "relaxation" and bool(made.sampled) != (search.relaxation in ONE_PATH):
        raise UserError(
            f"{name} has sampled = {bool(made.sampled)}, and search.relaxation: "
            f"{search.relaxation}, in whose place it stands, is of the other kind: base the method "
            f"on {'gdas' if made.sampled else 'darts_v1'}, say"
        )
    return made


def chosen_by(search: SearchSettings) -> Chosen:
    """The selection that a config names, as a stage."""
    name = search.own_selection
    assert name is not None
    return Chosen(own_part("selection", search), name=name)


def make_own_step(search: SearchSettings, options: dict[str, Any]) -> Any:
    """The step that a config names, with what :class:`~naslib_edd.bilevel.FirstOrder` is given."""
    assert search.own_step is not None
    return make("step", registered(search.own_step), options)


def _of_function(kind: str, function: Any, search: SearchSettings) -> Any:
    if kind == "relaxation":
        return FunctionRelaxation(function)
    if kind == "temperature":
        return FunctionTemperature(function, t0=search.t0)
    return FunctionRegulariser(function)
