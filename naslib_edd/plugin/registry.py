"""The optimizers by name, for NASLib's users and for our runner.

Third parties add theirs through the entry-point group :data:`GROUP`: a name, and a class (or a
function without arguments that returns one) that works under NASLib's Trainer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any

from naslib_edd.config.methods import CARDS, METHODS, known
from naslib_edd.errors import UserError, nearest
from naslib_edd.plugin import compat
from naslib_edd.plugin.adapter import Host, optimizer_class

GROUP = "naslib_edd.optimizers"
#: NASLib's own one-shot optimizers, chosen as ``naslib:NAME``.
NASLIB = {
    "darts": "DARTSOptimizer",
    "gdas": "GDASOptimizer",
    "drnas": "DrNASOptimizer",
    "oneshot": "OneShotNASOptimizer",
    "rsws": "RandomNASOptimizer",
}
_WORDS = {"edd": "EDD", "darts": "DARTS", "gdas": "GDAS", "pcd": "PCD", "lpcd": "LPCD"}
_WORDS |= {
    "lts": "LTS",
    "ets": "ETS",
    "pc": "PC",
    "gaea": "GAEA",
    "erm": "ERM",
    "drnas": "DrNAS",
    "sdarts": "SDARTS",
    "rs": "RS",
    "pt": "PT",
    "es": "ES",
    "sgas": "SGAS",
    "nas": "NAS",
    "ws": "WS",
    "aer": "AER",
    "reinmax": "ReinMax",
    "snas": "SNAS",
}


def hosted() -> list[str]:
    """The methods that a NASLib graph can carry."""
    return [card.name for card in CARDS.values() if "naslib" in card.hosts]


def class_name(method: str) -> str:
    """``edd_darts`` → ``EDDDARTSOptimizer``; never a name that NASLib has for its own."""
    title = "".join(_WORDS.get(w, w.capitalize()) for w in method.split("_")) + "Optimizer"
    return f"Reference{title}" if title in NASLIB.values() else title


@cache
def host() -> Host:
    """NASLib as a host. Imports it."""
    naslib = compat.load()
    return Host(meta_optimizer=naslib.metaclasses.MetaOptimizer, mixed_op=naslib.primitives.MixedOp)


@cache
def get(name: str) -> type[Any]:
    """The class of an optimizer: ours, ``naslib:NAME`` of NASLib, or a third party's.

    Raises:
        UserError: there is none of that name, or no NASLib.
    """
    if known(name):
        return optimizer_class(name, class_name(name), host())
    own = {f"naslib:{short}": title for short, title in NASLIB.items()}
    if name in own:
        found: type[Any] = getattr(compat.load().optimizers, own[name])
        return found
    others = {point.name: point for point in metadata.entry_points(group=GROUP)}
    if name in others:
        loaded = others[name].load()
        return loaded if isinstance(loaded, type) else loaded()
    raise UserError(f"unknown optimizer '{name}'{nearest(name, [*METHODS, *own, *others])}")


def register() -> list[str]:
    """Put our classes into ``naslib.optimizers``; their names there."""
    module = compat.load().optimizers
    titles = []
    for method in hosted():
        setattr(module, class_name(method), get(method))
        titles.append(class_name(method))
    return titles


def optimizers(config: Mapping[str, Any]) -> dict[str, Any]:
    """Our optimizers by name, each constructed from a NASLib config.

    For a runner's dictionary: ``supported_optimizers.update(naslib_edd.optimizers(config))``.
    """
    return {method: get(method)(config) for method in hosted()}
