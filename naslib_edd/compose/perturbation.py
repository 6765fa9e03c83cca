"""The perturbation of a config."""

from __future__ import annotations

import torch

from naslib_edd.perturbation import Perturbation
from naslib_edd.settings import SearchSettings


def make_perturbation(search: SearchSettings, *, generator: torch.Generator) -> Perturbation | None:
    """What the weight step does to β first; nothing by default."""
    return None
