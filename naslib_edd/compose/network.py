"""The supernet of a config."""

from __future__ import annotations

from typing import Any

import torch

from naslib_edd.compose.own import own_samples
from naslib_edd.errors import UserError
from naslib_edd.settings import SearchSettings
from naslib_edd.supernet import (
    FastPartialSupernet,
    FastSupernet,
    PlainPartialSupernet,
    PlainSupernet,
    Supernet,
)


def make_supernet(search: SearchSettings, *, classes: int) -> Supernet:
    """The supernet of a config, its weights drawn from torch's global generator.

    Raises:
        UserError: it is NASLib's graph, which is there on NASLib's Trainer only.
    """
    if search.supernet == "naslib":
        raise UserError(
            "search.supernet: naslib is NASLib's own graph: run it on NASLib's Trainer "
            "(--engine naslib), or set search.supernet: fast"
        )
    supernet = _make(search, classes=classes)
    supernet.autocast_to = torch.bfloat16 if search.precision == "bf16" else None
    return supernet


def _make(search: SearchSettings, *, classes: int) -> Supernet:
    size: dict[str, Any] = {"channels": search.channels, "cells": search.cells}
    size |= {"classes": classes, "running": search.running_statistics}
    if search.partial_channels > 1:
        kinds = {"fast": FastPartialSupernet, "plain": PlainPartialSupernet}
        return kinds[search.supernet](partial=search.partial_channels, **size)
    whole = {"fast": FastSupernet, "plain": PlainSupernet}[search.supernet]
    supernet: Supernet = whole(**size)
    supernet.samples = own_samples(search)
    return supernet
