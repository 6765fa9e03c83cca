"""An entrant's step."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from racing.autodl import autodl_step
from racing.entrants import Entrant, bilevel_step
from racing.floor import floor_step
from racing.naslib import naslib_step
from racing.shape import Record, Shape, Step


def build(
    entrant: Entrant, shape: Shape, options: argparse.Namespace, device: torch.device
) -> tuple[Step, list[Record]]:
    """An entrant's step; for the floor, its passes too."""
    if entrant.kind == "floor":
        return floor_step(shape, device, precision=entrant.precision)
    if entrant.kind == "autodl":
        return autodl_step(Path(options.autodl), shape, device), []
    if entrant.kind == "naslib":
        assert entrant.method is not None
        return naslib_step(Path(options.naslib), entrant.method, shape, device), []
    return bilevel_step(entrant, shape, device), []
