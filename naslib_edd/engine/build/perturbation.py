"""The perturbation of a config."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.bilevel.perturbed import AdversarialPerturbation, Perturbation, RandomPerturbation
from naslib_edd.config.settings import SearchSettings


def make_perturbation(
    search: SearchSettings, *, generator: torch.Generator, allowed: Tensor | None = None
) -> Perturbation | None:
    """What the weight step does to β first; nothing by default.

    Args:
        search: the settings.
        generator: what noise is drawn from.
        allowed: the mask of the operations, held; None: every operation takes part.
    """
    if search.perturbation == "off":
        return None
    options: dict[str, Any] = {
        "generator": generator,
        "epochs": search.epochs,
        "first": search.epsilon_first,
        "last": search.epsilon_last,
        "allowed": allowed,
        "edge_column": bool(search.edge_columns),
        "statistics": search.attack_statistics,
    }
    if search.perturbation == "random":
        return RandomPerturbation(**options)
    return AdversarialPerturbation(
        steps=search.attack_steps, random_start=search.attack_start == "random", **options
    )
