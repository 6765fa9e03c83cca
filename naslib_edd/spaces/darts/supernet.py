"""Which supernet of a space with DARTS' two cells a config asks for."""

from __future__ import annotations

import torch

from naslib_edd.config.methods.own_parts import own_samples
from naslib_edd.config.settings import SearchSettings
from naslib_edd.spaces.darts.fast import FastDartsSupernet
from naslib_edd.spaces.darts.plain import PlainDartsSupernet
from naslib_edd.spaces.layout import Layout


def make_supernet(search: SearchSettings, *, layout: Layout, classes: int) -> PlainDartsSupernet:
    """The plain supernet or the fast one; their weights come from torch's global generator.

    Both have the same modules: the same seed gives the same weights.
    """
    kinds = {"plain": PlainDartsSupernet, "fast": FastDartsSupernet}
    supernet = kinds[search.supernet](
        layout,
        channels=search.channels,
        cells=search.cells,
        classes=classes,
        running=search.running_statistics,
        partial=search.partial_channels,
    )
    supernet.samples = own_samples(search)
    supernet.autocast_to = torch.bfloat16 if search.precision == "bf16" else None
    return supernet
