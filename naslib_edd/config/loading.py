"""Read a NASLib-style YAML, lay key=value overrides over it, check every value, say what is wrong.

One function matters: :func:`load`. It returns a :class:`~naslib_edd.config.settings.Config` in
which every value is there and in range, or raises a UserError that names the key, the file and the
remedy.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from naslib_edd import spaces
from naslib_edd.config.checking import checked
from naslib_edd.config.methods import preset
from naslib_edd.config.methods.switch import own, without_former
from naslib_edd.config.overrides import TYPED, override, suggest
from naslib_edd.config.plain_values import key_text, plain_values
from naslib_edd.config.settings import (
    NASLIB_SEARCH,
    NASLIB_TOP,
    SECTIONS,
    Config,
    SearchSettings,
    names,
)
from naslib_edd.config.settings.cross_checks import check_together
from naslib_edd.data.names import canonical
from naslib_edd.errors import UserError
from naslib_edd.spaces import Space
from naslib_edd.storage.literal import shortened
from naslib_edd.storage.literal import value as shown
from naslib_edd.storage.paths import folder_name, path_of, read_text
from naslib_edd.storage.record import check_config
from naslib_edd.storage.yaml_text import DEEPEST, LARGEST, NotYaml, parse

Values = dict[str, Any]


def load(
    source: str | os.PathLike[str] | Mapping[str, Any] | Config | None = None,
    overrides: Sequence[str] = (),
) -> Config:
    """A checked config.

    Args:
        source: a YAML file, a mapping of the same shape, a finished config, or None for defaults.
        overrides: ``key=value`` texts, e.g. ``search.epochs=3``. A text setting takes the text as
            it is (``null``: none); other values are read as YAML.

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
        values, where = read(path_of(source, "the config")), str(source)
    _check_keys(values, where)
    former = values.get("optimizer")
    typed = [override(values, text) for text in overrides]
    return _build(values, where, former=former, typed=typed)


def changed(config: Config) -> Values:
    """The settings of ``search:`` that differ from the method's own, or from the defaults."""
    search = as_dict(config)["search"]
    usual = own(config.optimizer, search["variant"], config.dataset, space=config.search_space)
    usual |= {"variant": "paper"}
    return {key: value for key, value in search.items() if value != usual[key]}


def of_method(
    search: Values,
    *,
    former: Any,
    method: str,
    typed: Sequence[str],
    dataset: Any,
    where: str,
    space: str = Config.search_space,
) -> Values:
    """``search:`` of a config for `former`, for `method`.

    See :mod:`naslib_edd.config.methods.switch`.
    """
    former = Config.optimizer if former is None else former
    if not isinstance(former, str) or former == method:
        return search
    ours = {key: value for key, value in search.items() if key in names(SearchSettings)}
    good = checked(SearchSettings, ours, where, prefix="search.", typed=typed)
    kept = without_former(
        good,
        former=former,
        method=method,
        typed=typed,
        dataset=str(dataset),
        space=space,
        where=where,
    )
    return {key: value for key, value in search.items() if key not in good or key in kept}


def as_dict(config: Config) -> Values:
    """The config as plain values, ready for YAML or JSON; ``load`` of it gives the same config."""
    return dataclasses.asdict(config)


def dump(config: Config) -> str:
    """The config as YAML, every key written out."""
    return str(yaml.safe_dump(as_dict(config), sort_keys=False))


def read(path: Path) -> Values:
    """The keys and values of a YAML file, unchecked."""
    text = read_text(path, "config", most=LARGEST)
    if text is None:
        raise UserError(f"there is no config {path}; the project's are in configs/")
    check_config(path)
    try:
        values = parse(text)
    except NotYaml as error:
        raise UserError(f"config {path} is not YAML: {error}") from None
    if not isinstance(values, dict | None):
        raise UserError(f"config {path} must hold keys and values, as in 'optimizer: edd_darts'")
    return _copy(values or {})


def _copy(values: Mapping[Any, Any], depth: int = 0) -> Values:
    if depth > DEEPEST:
        raise UserError("the given config is nested too deeply, or holds itself")
    return {
        key_text(key, "the config"): _copy(value, depth + 1)
        if isinstance(value, Mapping)
        else value
        for key, value in values.items()
    }


def _check_keys(values: Values, where: str) -> None:
    for key in NASLIB_TOP:
        values.pop(key, None)
    for key in values:
        if key not in names(Config):
            raise UserError(f"unknown key '{shortened(key, 80)}' in {where}{suggest(key)}")
    for section in SECTIONS:
        held = values.get(section)
        values[section] = {} if held is None else held  # absent, or empty in YAML
        if not isinstance(values[section], dict):
            raise UserError(f"'{section}' in {where} must hold keys and values, not {shown(held)}")
    values["search"] = {k: v for k, v in values["search"].items() if k not in NASLIB_SEARCH}
    for key in values["search"]:
        if key not in names(SearchSettings):
            raise UserError(f"unknown key 'search.{shortened(key, 80)}' in {where}{suggest(key)}")


def _build(values: Values, where: str, *, former: Any, typed: Sequence[str]) -> Config:
    top = {key: value for key, value in values.items() if key != "search"}
    config = Config(**checked(Config, top, where, prefix="", typed=typed))
    config = dataclasses.replace(
        config,
        dataset=canonical(config.dataset),
        evaluation=plain_values(config.evaluation, "evaluation"),
    )
    space = _space(config.search_space, "search_space" in typed, where)
    if config.name:
        folder_name(config.name, "name")
    folder_name(config.dataset, "dataset")
    held = values["search"]
    if "optimizer" in typed:
        method, dataset = config.optimizer, config.dataset
        leaves = [key.removeprefix("search.") for key in typed]
        held = of_method(
            held,
            former=former,
            method=method,
            typed=leaves,
            dataset=dataset,
            space=config.search_space,
            where=where,
        )
    chosen = checked(SearchSettings, held, where, prefix="search.", typed=typed)
    variant = chosen.get("variant", SearchSettings.variant)
    usual = {**space.defaults, **preset(config.optimizer, variant, config.dataset)}
    search = SearchSettings(**{**usual, **chosen})
    check_together(search, space.layout)
    _check_size(search, space)
    config = dataclasses.replace(config, search=search)
    if config.evaluation:
        try:
            parse(dump(config))
        except NotYaml as error:
            raise UserError(
                f"evaluation in {where} would make the run's config unreadable: {error}"
            ) from None
    return config


def _space(name: str, typed: bool, where: str) -> Space:
    """The space whose bounds and defaults hold. NASLib's own are held to NAS-Bench-201's."""
    if name in spaces.ON_NASLIB:
        return spaces.get(Config.search_space)
    try:
        return spaces.get(name)
    except UserError as error:
        place = TYPED if typed else f"in {where}"
        raise UserError(f"{error} ({place})") from None


def _check_size(search: SearchSettings, space: Space) -> None:
    if search.queries is not None and space.size is not None and search.queries > space.size:
        raise UserError(
            f"search.queries = {search.queries} must be at most {space.size}, the architectures of "
            f"{space.title}"
        )
