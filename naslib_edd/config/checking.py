"""A value as its setting asks for it: of that type, finite, within its limits."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from naslib_edd.config.overrides import TYPED, hints_of
from naslib_edd.config.plain_values import check_text
from naslib_edd.errors import UserError
from naslib_edd.storage.literal import value as shown

#: Limits of a setting that has none of its own: what fp32 still holds, with some room.
_MOST_INT, _MOST_FLOAT, _LEAST_FLOAT = 10**9, 1e30, 1e-30


def checked(
    section: type[Any],
    values: Mapping[str, Any],
    where: str,
    *,
    prefix: str,
    typed: Sequence[str] = (),
) -> dict[str, Any]:
    """The values of a section, each of its setting's type and within its limits.

    Args:
        section: the dataclass.
        values: as the file and the command line give them; the keys are known.
        where: the file, in words.
        prefix: of the section, as in ``search.``.
        typed: keys that come from the command line.

    Raises:
        UserError: one is not; says which, what it must be, and where it stands.
    """
    hints = hints_of(section)  # type: ignore[arg-type]  # mypy: a type[Any] has no hash
    fields = {item.name: item for item in dataclasses.fields(section)}
    good = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        place = TYPED if name in typed else f"in {where}"
        found = _convert(value, hints[key])
        if found is _WRONG:
            quoted = "; put a text in quotes" if _takes_text(hints[key]) else ""
            raise UserError(
                f"{name} must be {describe(hints[key])}, not {shown(value)} ({place}{quoted})"
            )
        if isinstance(found, str):
            check_text(found, name)
        _check_range(name, found, fields[key].metadata, place)
        good[key] = found
    return good


def _takes_text(hint: Any) -> bool:
    return hint is str or str in get_args(hint)


_WRONG = object()


def _convert(value: Any, hint: Any) -> Any:
    """The value as the type asks for it, or _WRONG. YAML reads 1e-3 as a text: a number here."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        results = [_convert(value, option) for option in get_args(hint)]
        return next((result for result in results if result is not _WRONG), _WRONG)
    if origin is Literal:
        # YAML reads a bare `off` as False, a bare `on` as True.
        if isinstance(value, bool):
            value = "on" if value else "off"
        return value if isinstance(value, str) and value in get_args(hint) else _WRONG
    if origin is tuple:  # of any length: a list, or one value alone
        items = value if isinstance(value, list | tuple) else [value]
        results = [_convert(item, get_args(hint)[0]) for item in items]
        return _WRONG if value is None or _WRONG in results else tuple(results)
    if origin is dict:
        return dict(value) if isinstance(value, Mapping) else {} if value is None else _WRONG
    if hint is type(None):
        return None if value is None else _WRONG
    if hint is bool:
        return value if isinstance(value, bool) else _WRONG
    if hint is int:
        return value if isinstance(value, int) and not isinstance(value, bool) else _WRONG
    if hint is float:
        return _number(value)
    if hint is str:
        return value if isinstance(value, str) else _WRONG
    raise TypeError(f"no rule for a setting of type {hint}")


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return _WRONG
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return _WRONG
    return number if math.isfinite(number) else _WRONG


def describe(hint: Any) -> str:
    """A setting's type in words."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(describe(option) for option in get_args(hint))
    if origin is Literal:
        return "one of " + ", ".join(f"'{choice}'" for choice in get_args(hint))
    if origin is tuple:
        return f"a list, each {describe(get_args(hint)[0])}"
    names_of: dict[Any, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a finite number",
        str: "a text",
        type(None): "null",
    }
    return names_of.get(hint, "keys and values")


def _check_range(key: str, value: Any, limits: Mapping[str, Any], place: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    most = _MOST_INT if isinstance(value, int) else _MOST_FLOAT
    checks = (
        ("at least", limits.get("at_least", -most), value >= limits.get("at_least", -most)),
        ("above", limits.get("above"), "above" not in limits or value > limits["above"]),
        ("at most", limits.get("at_most", most), value <= limits.get("at_most", most)),
        (f"0, or {_LEAST_FLOAT:g} or more,", None, not 0 < abs(value) < _LEAST_FLOAT),
    )
    for words, limit, holds in checks:
        if not holds:
            amount = f"{words} {limit:g}" if limit is not None else words.rstrip(",")
            raise UserError(f"{key} = {shown(value)} must be {amount} ({place})")
