"""One canonical name of each data set, and all its usual spellings.

The canonical name is that of a config and of a run's folder; tables call ImageNet16-120 by the name
of their columns, ``imagenet16_120``, and take the same spellings.
"""

from __future__ import annotations

from collections.abc import Iterable

#: The canonical names of the sets that we know.
NAMES = ("digits", "cifar10", "cifar100", "svhn", "ImageNet16-120")
#: ``dataset:`` of images of one's own (see :mod:`naslib_edd.data.custom`).
CUSTOM = "custom"


def plain(name: str) -> str:
    """A name without case, spaces, hyphens and underscores: equal for all usual spellings."""
    return "".join(name.split()).lower().replace("-", "").replace("_", "")


def same(name: str, known: Iterable[str]) -> str | None:
    """The one of the known names that a spelling means, or None.

    >>> same("CIFAR-100", NAMES)
    'cifar100'
    >>> same("imagenet16_120", NAMES)
    'ImageNet16-120'
    """
    wanted = plain(name)
    return next((each for each in known if plain(each) == wanted), None)


def canonical(name: str) -> str:
    """The canonical name of a set that we know, or ``custom``; any other name as it is."""
    return same(name, (*NAMES, CUSTOM)) or name
