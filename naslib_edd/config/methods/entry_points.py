"""Methods of installed packages: the entry-point group :data:`GROUP`.

An entry point's name is the method's; it leads to a function without arguments, which calls
:func:`naslib_edd.register_method` with this name. In a package's ``pyproject.toml``::

    [project.entry-points."naslib_edd.methods"]
    mine = "my_package:register"
"""

from __future__ import annotations

import warnings
from collections.abc import Container
from functools import cache
from importlib import metadata

from naslib_edd.errors import UserError

GROUP = "naslib_edd.methods"


@cache
def _points() -> dict[str, metadata.EntryPoint]:
    return {point.name: point for point in metadata.entry_points(group=GROUP)}


def load(name: str, methods: Container[str]) -> None:
    """Register the method of that name, if an installed package has it.

    Args:
        name: of the method.
        methods: those that are registered; what a package registers is among them afterwards.

    Raises:
        UserError: the package fails.
    """
    point = _points().get(name)
    if point is None or name in methods:
        return
    try:
        point.load()()
    except UserError:
        raise
    except Exception as error:  # a package may raise anything
        raise UserError(
            f"the method '{name}' of {point.value} cannot be loaded "
            f"({type(error).__name__}: {error}); mend that package or uninstall it"
        ) from error
    if name not in methods:
        raise UserError(f"{point.value} should register the method '{name}', and did not")


def load_all(methods: Container[str]) -> None:
    """Register the methods of all installed packages; warns of one that fails."""
    for name in _points():
        try:
            load(name, methods)
        except UserError as error:
            warnings.warn(str(error), stacklevel=2)
