"""``key=value`` texts that are laid over a config, on the command line or in a call."""

from __future__ import annotations

import difflib
from functools import cache
from typing import Any, get_args, get_type_hints

from naslib_edd.config.settings import SECTIONS, Config, SearchSettings, names
from naslib_edd.errors import UserError
from naslib_edd.storage.literal import shortened, value
from naslib_edd.storage.yaml_text import NotYaml, parse

#: Where such a value was given, for messages.
TYPED = "on the command line"


@cache
def hints_of(section: type[Any]) -> dict[str, Any]:
    """The types of a section's settings, found once: typing compiles the text of every one."""
    return get_type_hints(section)


def override(values: dict[str, Any], text: str) -> str:
    """Set a value of a config; returns its key, such as ``search.epochs``.

    Raises:
        UserError: no such key, or a value that cannot be read.
    """
    if not isinstance(text, str):
        raise UserError(f"an override is a text, key=value, not {value(text)}")
    key, equals, raw = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise UserError(f"cannot read {value(text)}; an override is key=value: search.epochs=3")
    section, _, leaf = key.rpartition(".")
    if key in SECTIONS:
        raise UserError(f"'{key}' holds keys; set one of them, as in search.epochs=3")
    if section == "" and leaf in names(Config):
        values[leaf] = typed_value(key, raw)
    elif section == "evaluation" or (section == "search" and leaf in names(SearchSettings)):
        values[section][leaf] = typed_value(key, raw)
    else:
        raise UserError(f"unknown key '{shortened(key, 80)}' {TYPED}{suggest(key)}")
    return key


def typed_value(key: str, raw: str) -> Any:
    """The value typed for a key: the text as it is where the setting takes any text, else YAML.

    ``null``, or nothing, is None for a text that may be left out.
    """
    section, _, leaf = key.rpartition(".")
    owner = {"": Config, "search": SearchSettings}.get(section)
    hint = hints_of(owner).get(leaf) if owner is not None else None
    if hint is str:
        return raw
    if set(get_args(hint)) == {str, type(None)}:
        return None if raw in ("null", "") else raw
    try:
        return parse(raw)
    except NotYaml as error:
        raise UserError(f"cannot read the value of {key} {TYPED}, {value(raw)}: {error}") from None


def suggest(key: str) -> str:
    """The end of a message about an unknown key: the nearest one, or where all of them are."""
    # A key is often right but for its section: compare the last part with the keys of both.
    keys = {name: f"search.{name}" for name in names(SearchSettings)}
    keys |= {name: name for name in names(Config)}
    close = difflib.get_close_matches(key.rsplit(".", 1)[-1][:100], keys, n=1)
    if not close:
        return "; README.md and naslib_edd/config/settings/ list the keys"
    return f"; did you mean '{keys[close[0]]}'?"
