"""Search spaces, by name: :func:`get`. Each is a :class:`~naslib_edd.spaces.space.Space`.

Packages add theirs by an entry point of the group ``naslib_edd.spaces`` (name = ``module:SPACE``),
a script by :func:`register_space`.
"""

from __future__ import annotations

from importlib import import_module

from naslib_edd.errors import UserError, nearest
from naslib_edd.spaces.layout import Cell, Kept, Layout
from naslib_edd.spaces.space import Space

__all__ = ["Cell", "Kept", "Layout", "Space", "get", "names", "register_space"]

#: Where each space is defined; read when it is asked for.
SPACES: dict[str, str] = {
    "nasbench201": "naslib_edd.spaces.nb201.space:SPACE",
    "darts": "naslib_edd.spaces.darts.space:SPACE",
    "s1": "naslib_edd.spaces.darts.space:S1",
    "s2": "naslib_edd.spaces.darts.space:S2",
    "s3": "naslib_edd.spaces.darts.space:S3",
    "s4": "naslib_edd.spaces.darts.space:S4",
}
#: Spaces that NASLib's Trainer alone searches.
ON_NASLIB = ("nasbench301",)
#: The group of entry points.
GROUP = "naslib_edd.spaces"

_given: dict[str, Space] = {}


def register_space(space: Space) -> Space:
    """Make a space known by its name, in this process. Returns it.

    Raises:
        UserError: another space has that name.
    """
    if space.name in (*SPACES, *ON_NASLIB) or _given.get(space.name, space) is not space:
        raise UserError(f"there is a search space named {space.name} already; name it otherwise")
    _given[space.name] = space
    return space


def names() -> list[str]:
    """The spaces that there are, those of other packages last."""
    return list(dict.fromkeys([*SPACES, *ON_NASLIB, *_given, *_others()]))


def get(name: str) -> Space:
    """The space of that name.

    Raises:
        UserError: there is none, it is NASLib's alone, or its package is broken.
    """
    if name in _given:
        return _given[name]
    if name in ON_NASLIB:
        raise UserError(f"search_space {name} runs on NASLib's engine only: --engine naslib")
    place = SPACES.get(name) or _others().get(name)
    if place is None:
        raise UserError(f"unknown search_space '{name[:80]}'{nearest(name, names())}")
    module, _, attribute = place.partition(":")
    try:
        space = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"search_space {name} is at {place}, which cannot be read: {error}"
        ) from None
    if not isinstance(space, Space):
        raise UserError(f"search_space {name} is at {place}, which is no naslib_edd.spaces.Space")
    return space


def _others() -> dict[str, str]:
    from importlib.metadata import entry_points  # 10 ms, which `query` need not pay

    return {point.name: point.value for point in entry_points(group=GROUP)}
