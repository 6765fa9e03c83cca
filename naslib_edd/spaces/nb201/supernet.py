"""Which supernet of NAS-Bench-201 a config asks for."""

from __future__ import annotations

from typing import Any

import torch

from naslib_edd.config.methods.own_parts import own_samples
from naslib_edd.config.settings import SearchSettings
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.fast_partial import FastPartialSupernet
from naslib_edd.spaces.nb201.partial import PlainPartialSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.skeleton import NB201Supernet


def make_supernet(search: SearchSettings, *, classes: int) -> NB201Supernet:
    """The plain supernet or the fast one, with partial channels where K is above 1."""
    supernet = _make(search, classes=classes)
    supernet.autocast_to = torch.bfloat16 if search.precision == "bf16" else None
    return supernet


def _make(search: SearchSettings, *, classes: int) -> NB201Supernet:
    size: dict[str, Any] = {"channels": search.channels, "cells": search.cells}
    size |= {"classes": classes, "running": search.running_statistics}
    if search.partial_channels > 1:
        kinds = {"fast": FastPartialSupernet, "plain": PlainPartialSupernet}
        return kinds[search.supernet](partial=search.partial_channels, **size)
    whole = {"fast": FastSupernet, "plain": PlainSupernet}[search.supernet]
    supernet: NB201Supernet = whole(**size)
    supernet.samples = own_samples(search)
    return supernet
