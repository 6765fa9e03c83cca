"""The supernet of a config."""

from __future__ import annotations

from naslib_edd.errors import UserError
from naslib_edd.settings import SearchSettings
from naslib_edd.settings.relaxation import SAMPLED
from naslib_edd.supernet import FastSupernet, PlainSupernet, Supernet


def make_supernet(search: SearchSettings, *, classes: int) -> Supernet:
    """The supernet of a config, its weights drawn from torch's global generator."""
    if search.partial_channels > 1:
        raise UserError(
            "partial channels (search.partial_channels, pc_darts, edd_pc_darts) run on NASLib's "
            "engine only: add --engine naslib"
        )
    engine = {"fast": FastSupernet, "plain": PlainSupernet}[search.supernet]
    supernet: Supernet = engine(
        channels=search.channels,
        cells=search.cells,
        classes=classes,
        running=search.running_statistics,
    )
    supernet.samples = search.relaxation in SAMPLED
    return supernet
