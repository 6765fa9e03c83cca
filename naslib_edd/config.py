"""Read a NASLib-style YAML, lay key=value overrides over it, check every value, say what is wrong.

One function matters: :func:`load`. It returns a :class:`~naslib_edd.settings.Config` in which every
value is there and in range, or raises a UserError that names the key, the file and the remedy.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from naslib_edd.errors import UserError
from naslib_edd.presets import preset
from naslib_edd.presets.switch import own, without_former
from naslib_edd.settings import NASLIB_SEARCH, NASLIB_TOP, SECTIONS, Config, SearchSettings, names

Values = dict[str, Any]

#: PyYAML lets a few of Python's own errors through: a date that is none, endless nesting.
_NOT_YAML = (yaml.YAMLError, ValueError, RecursionError)


def load(
    source: str | os.PathLike[str] | Mapping[str, Any] | Config | None = None,
    overrides: Sequence[str] = (),
) -> Config:
    """A checked config.

    Args:
        source: a YAML file, a mapping of the same shape, a finished config, or None for defaults.
        overrides: ``key=value`` texts, e.g. ``search.epochs=3``; values are read as YAML.

    Raises:
        UserError: a file that is missing or no YAML mapping, an unknown key (the nearest one is
            named), a value of a wrong type or out of range.
    """
    if isinstance(source, Config):
        values, where = as_dict(source), "the given config"
    elif isinstance(source, Mapping):
        values, where = _copy(source), "the given config"
    elif source is None:
        values, where = {}, "the defaults"
    else:
        values, where = read(Path(source)), str(source)
    _check_keys(values, where)
    former = values.get("optimizer")
    typed = [_override(values, text) for text in overrides]
    return _build(values, where, former=former, typed=typed)


def changed(config: Config) -> Values:
    """The settings of ``search:`` that differ from the method's own, or from the defaults."""
    search = as_dict(config)["search"]
    usual = own(config.optimizer, search["variant"], config.dataset) | {"variant": "paper"}
    return {key: value for key, value in search.items() if value != usual[key]}


def of_method(
    search: Values, *, former: Any, method: str, typed: Sequence[str], dataset: Any, where: str
) -> Values:
    """``search:`` of a config for `former`, for `method`; see :mod:`naslib_edd.presets.switch`."""
    former = Config.optimizer if former is None else former
    if not isinstance(former, str) or former == method:
        return search
    ours = {key: value for key, value in search.items() if key in names(SearchSettings)}
    checked = _checked(SearchSettings, ours, where, prefix="search.")
    kept = without_former(
        checked, former=former, method=method, typed=typed, dataset=str(dataset), where=where
    )
    return {key: value for key, value in search.items() if key not in checked or key in kept}


def as_dict(config: Config) -> Values:
    """The config as plain values, ready for YAML or JSON; ``load`` of it gives the same config."""
    return dataclasses.asdict(config)


def dump(config: Config) -> str:
    """The config as YAML, every key written out."""
    return str(yaml.safe_dump(as_dict(config), sort_keys=False))


def read(path: Path) -> Values:
    """The keys and values of a YAML file, unchecked."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"there is no config {path}; the project's are in configs/") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read config {path}: {error}") from None
    try:
        values = yaml.safe_load(text)
    except _NOT_YAML as error:
        detail = " ".join(str(error).split())
        raise UserError(f"config {path} is not YAML: {detail}") from None
    if not isinstance(values, dict | None):
        raise UserError(f"config {path} must hold keys and values, as in 'optimizer: edd_darts'")
    return _copy(values or {})


def _copy(values: Mapping[str, Any]) -> Values:
    return {
        str(key): _copy(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
    }


def _check_keys(values: Values, where: str) -> None:
    for key in NASLIB_TOP:
        values.pop(key, None)
    for key in values:
        if key not in names(Config):
            raise UserError(f"unknown key '{key}' in {where}{_suggest(key)}")
    for section in SECTIONS:
        held = values.get(section)
        values[section] = {} if held is None else held  # absent, or empty in YAML
        if not isinstance(values[section], dict):
            raise UserError(f"'{section}' in {where} must hold keys and values, not {held!r}")
    values["search"] = {k: v for k, v in values["search"].items() if k not in NASLIB_SEARCH}
    for key in values["search"]:
        if key not in names(SearchSettings):
            raise UserError(f"unknown key 'search.{key}' in {where}{_suggest(key)}")


def _suggest(key: str) -> str:
    # A key is often right but for its section: compare the last part with the keys of both.
    keys = {name: f"search.{name}" for name in names(SearchSettings)}
    keys |= {name: name for name in names(Config)}
    close = difflib.get_close_matches(key.rsplit(".", 1)[-1], keys, n=1)
    if not close:
        return "; README.md and naslib_edd/settings/ list the keys"
    return f"; did you mean '{keys[close[0]]}'?"


def _override(values: Values, text: str) -> str:
    """Set a value; the last part of its key."""
    key, equals, raw = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise UserError(f"cannot read {text!r}; an override is key=value, as in search.epochs=3")
    try:
        value = yaml.safe_load(raw)
    except _NOT_YAML:
        raise UserError(f"cannot read the value in {text!r}; it must be YAML") from None
    section, _, leaf = key.rpartition(".")
    if key in SECTIONS:
        raise UserError(f"'{key}' holds keys; set one of them, as in search.epochs=3")
    if section == "" and leaf in names(Config):
        values[leaf] = value
    elif section == "evaluation" or (section == "search" and leaf in names(SearchSettings)):
        values[section][leaf] = value
    else:
        raise UserError(f"unknown key '{key}' on the command line{_suggest(key)}")
    return leaf


def _build(values: Values, where: str, *, former: Any, typed: Sequence[str]) -> Config:
    top = {key: value for key, value in values.items() if key != "search"}
    config = Config(**_checked(Config, top, where, prefix=""))
    held = values["search"]
    if "optimizer" in typed:
        method, dataset = config.optimizer, config.dataset
        held = of_method(
            held, former=former, method=method, typed=typed, dataset=dataset, where=where
        )
    chosen = _checked(SearchSettings, held, where, prefix="search.")
    variant = chosen.get("variant", SearchSettings.variant)
    search = SearchSettings(**{**preset(config.optimizer, variant, config.dataset), **chosen})
    search.check()
    return dataclasses.replace(config, search=search)


def _checked(section: type[Any], values: Values, where: str, *, prefix: str) -> Values:
    hints = get_type_hints(section)
    fields = {item.name: item for item in dataclasses.fields(section)}
    checked = {}
    for key, value in values.items():
        found = _convert(value, hints[key])
        if found is _WRONG:
            raise UserError(
                f"{prefix}{key} must be {_describe(hints[key])}, not {value!r} (in {where})"
            )
        _check_range(f"{prefix}{key}", found, fields[key].metadata, where)
        checked[key] = found
    return checked


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


def _describe(hint: Any) -> str:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_describe(option) for option in get_args(hint))
    if origin is Literal:
        return "one of " + ", ".join(f"'{choice}'" for choice in get_args(hint))
    if origin is tuple:
        return f"a list, each {_describe(get_args(hint)[0])}"
    names_of: dict[Any, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a finite number",
        str: "a text",
        type(None): "null",
    }
    return names_of.get(hint, "keys and values")


def _check_range(key: str, value: Any, limits: Mapping[str, Any], where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    checks = (
        ("at_least", value >= limits.get("at_least", value), "at least"),
        ("above", "above" not in limits or value > limits["above"], "above"),
        ("at_most", value <= limits.get("at_most", value), "at most"),
    )
    for name, holds, words in checks:
        if not holds:
            raise UserError(f"{key} = {value} must be {words} {limits[name]:g} (in {where})")
