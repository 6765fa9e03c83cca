"""The ways NASLib's users construct an optimizer, turned into one checked set of settings.

``Cls(**config.search)`` since April 2023; ``Cls(config)`` before, and in every runner of NASLib
today. Keys of ``search:`` that are none of ours belong to other optimizers and are left alone.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping
from typing import Any

from naslib_edd.config import loading as configs
from naslib_edd.config.settings import NASLIB_SEARCH, Config, SearchSettings, names
from naslib_edd.config.settings.relaxation import SAMPLED
from naslib_edd.errors import UserError

logger = logging.getLogger(__name__)

#: Settings of the network that NASLib's NB201 has fixed.
_NETWORK = {"channels": 16, "cells": 5}
#: Keys of NASLib's that none of our optimizers reads, and what is there instead.
_INSTEAD = {
    "cutout": "there is none",
    "drop_path_prob": "search.drop_path is",
    "unrolled": "optimizer: darts_v2 is",
}
#: Settings that need our own images, or our own runner.
_OF_OUR_IMAGES = (
    "limit_train",
    "limit_val",
    "split",
    "split_file",
    "augment",
    "augment_val",
    "val_sampling",
    "eval_statistics",
    "checkpoint_seconds",
)

#: Constructor arguments of NASLib's optimizers that are no settings of ours.
_ARGUMENTS = ("op_optimizer", "arch_optimizer", "loss_criteria")


def settings(method: str, given: tuple[Any, ...], keywords: Mapping[str, Any]) -> Config:
    """Method, seed and ``search:`` of an optimizer's constructor arguments.

    Raises:
        UserError: a value is wrong, or an argument is nothing that this optimizer takes.
    """
    values, seed = _search(method, given, keywords)
    arguments = {name: values.pop(name) for name in _ARGUMENTS if name in values}
    own = {key: value for key, value in values.items() if key in names(SearchSettings)}
    for key in values.keys() - own.keys():
        _look_at(key)
    own = {**own, **_translated(own, arguments)}
    seed = values.get("seed", 0) if seed is None else seed
    config = configs.load({"optimizer": method, "seed": int(seed), "search": own})
    if config.search.strategy != "one_shot":
        raise UserError(
            f"{method} (search.strategy = {config.search.strategy}) looks up a table and trains "
            "nothing: it runs on the built-in engine, leave --engine naslib out"
        )
    return config


def _search(
    method: str, given: tuple[Any, ...], keywords: Mapping[str, Any]
) -> tuple[dict[str, Any], Any]:
    """What was given for ``search:``, and the seed if any was."""
    values = dict(keywords)
    seed = values.pop("seed", None)
    if given:
        first = given[0]
        if len(given) > 1 or not isinstance(first, Mapping):
            raise UserError(
                f"{method} takes its settings by name, as in Optimizer(**config.search), or one "
                f"whole config; got {len(given)} positional argument(s), the first {first!r:.40}"
            )
        section = first.get("search", first)
        seed = first.get("seed", section.get("seed")) if seed is None else seed
        values = {**section, **values}
    return values, seed


def idle(
    method: str, given: tuple[Any, ...], keywords: Mapping[str, Any], *, loaders: str
) -> list[str]:
    """What was asked for and has no effect on NASLib, each with what has.

    Args:
        method, given, keywords: of the constructor.
        loaders: whose images: ``naslib_edd``, or ``naslib`` (or a script's own).
    """
    values, _ = _search(method, given, keywords)
    config = settings(method, given, keywords)
    usual, found = SearchSettings(), []
    for key, always in _NETWORK.items():
        if values.get(key, always) != always:
            found.append(f"search.{key} = {values[key]} (NASLib's network has {always})")
    if config.search.relaxation in SAMPLED:
        for key, ours in (("tau_max", "t0"), ("tau_min", "t_end")):
            if key in values:
                found.append(f"search.{key} (search.{ours} = {getattr(config.search, ours):g} is)")
    for key, instead in _INSTEAD.items():
        if values.get(key) and (key != "cutout" or loaders == "naslib_edd"):
            found.append(f"search.{key} ({instead})")
    if loaders != "naslib_edd":
        if config.search.train_images == "all":
            found.append("search.train_images = all (the loaders give each half its own images)")
        images = [key for key in _OF_OUR_IMAGES if values.get(key, getattr(usual, key)) is not None]
        found += [
            f"search.{key} (of naslib-edd's loaders and runner)"
            for key in images
            if values.get(key, getattr(usual, key)) != getattr(usual, key)
        ]
    return found


def _look_at(key: str) -> None:
    """Warn of a key that nobody knows; a misspelt setting must not pass in silence."""
    if key in (*NASLIB_SEARCH, "seed", "gpu"):
        return
    close = difflib.get_close_matches(key, names(SearchSettings), n=1, cutoff=0.8)
    hint = f"; did you mean search.{close[0]}?" if close else ""
    logger.warning("search.%s is no setting of naslib-edd and is not read%s", key, hint)


def _translated(own: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """NASLib's ways to say things, in our settings."""
    found: dict[str, Any] = {}
    if "grad_clip" in own and not own["grad_clip"]:
        found |= {"clip": "off", "grad_clip": 5.0}  # NASLib: 0 or None switches it off
    weights = _name(arguments.get("op_optimizer", "SGD"))
    if weights == "momentum":
        found["nesterov"] = False  # NASLib's "SGD" means Nesterov
    elif weights != "sgd":
        raise UserError(f"op_optimizer {weights!r} is not supported; use 'SGD' or 'momentum'")
    given = arguments.get("arch_optimizer", "Adam")
    moves = _name(given)
    if given in ("exponentiated_gradient", "proximal_adam", "sgd"):
        found["arch_optimizer"] = given  # our setting of the same name
    elif moves != "adam":
        raise UserError(f"arch_optimizer {moves!r} is not supported; use 'Adam'")
    loss = arguments.get("loss_criteria", "CrossEntropyLoss")
    if _name(loss) not in ("crossentropyloss", "cross_entropy"):
        raise UserError(f"loss_criteria {_name(loss)!r} is not supported; use 'CrossEntropyLoss'")
    return found


def _name(choice: Any) -> str:
    """Of a text, a class or an instance, in lower case."""
    if isinstance(choice, str):
        return choice.lower()
    return str(getattr(choice, "__name__", type(choice).__name__)).lower()
