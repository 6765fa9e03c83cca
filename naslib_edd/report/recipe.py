"""How far a run is from the paper's full recipe: its size, its data, its other settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from naslib_edd import spaces
from naslib_edd.config.loading import as_dict
from naslib_edd.config.methods.switch import own
from naslib_edd.config.settings import Config, SearchSettings
from naslib_edd.data.names import canonical
from naslib_edd.spaces import Space

Settings = Mapping[str, Any]

#: The search of the paper's NB201 tables, after NAS-Bench-201; its images are CIFAR-10, halved.
#: Of another space these are its own defaults.
FULL = {"channels": 16, "cells": 5, "epochs": 50}
#: Training images of the sets whose halves are two equal parts of them.
TRAINING_IMAGES = {"cifar10": 50_000, "digits": 1_200}

#: What changes how a run is carried out, measured or named, but not what it computes.
NEUTRAL = frozenset({"supernet", "eval_statistics", "checkpoint_seconds", "cuda_graph"})
#: Told by :func:`reduction`, so not told again by :func:`other_settings`.
SIZE_KEYS = frozenset({*FULL, "limit_train", "limit_val"})


def reduction(
    config: Settings,
    *,
    images: tuple[int, int] | None = None,
    data_note: str | None = None,
) -> str | None:
    """What sets a run's size and data apart from the full recipe, or None if nothing does.

    >>> reduction({"dataset": "cifar10", "search": {"channels": 8, "limit_train": 10_000}})
    'reduced: C=8, 10k/25k images'

    Args:
        config: a run's config; a key it lacks has its default.
        images: how many images the two halves really had; without it the config's limits tell.
        data_note: what is special about the image files, e.g. ``"CIFAR-10 (JPEG)"``. Not used
            for digits, which come with scikit-learn.
    """
    space = _space(config)
    usual_size = _full(space)
    search = {
        **dataclasses.asdict(SearchSettings()), **usual_size, **(config.get("search") or {})
    }  # fmt: skip
    dataset = canonical(str(config.get("dataset", Config().dataset)))
    told, smaller = [], False
    depth = "N={}" if space is None else space.depth
    for key, sign in (("channels", "C={}"), ("cells", depth)):
        if search[key] != usual_size[key]:
            told.append(sign.format(search[key]))
            smaller |= search[key] < usual_size[key]
    counts, usual = _images(dataset, search, images)
    if counts != usual:
        told.append(f"{_thousands(counts[0])}/{_thousands(counts[1])} images")
        smaller |= any(
            count is not None and (most is None or count < most)
            for count, most in zip(counts, usual, strict=True)
        )
    if search["epochs"] != usual_size["epochs"]:
        told.append(f"{search['epochs']} epochs")
        smaller |= search["epochs"] < usual_size["epochs"]
    if dataset == "digits":
        told.append("digits")
        smaller = True
    elif data_note:
        told.append(data_note)
        smaller = True
    if not told:
        return None
    return f"{'reduced' if smaller else 'another size'}: {', '.join(told)}"


def other_settings(config: Settings) -> dict[str, Any]:
    """The settings of ``search:`` that differ from the method's own, beside those of its size."""
    given = config.get("search") or {}
    method, variant = config.get("optimizer"), given.get("variant", SearchSettings.variant)
    space = str(config.get("search_space", Config.search_space))
    usual = own(str(method), variant, space=space) | {"variant": SearchSettings.variant}
    return {
        key: value
        for key, value in given.items()
        if key not in NEUTRAL | SIZE_KEYS and not (key in usual and usual[key] == value)
    }


def comparable(config: Settings) -> dict[str, Any]:
    """The settings, flat, in which runs that differ only by their seed are equal."""
    whole = {**as_dict(Config()), **config}
    whole["dataset"] = canonical(str(whole["dataset"]))
    flat = {key: whole[key] for key in ("optimizer", "search_space", "dataset")}
    search = {**dataclasses.asdict(SearchSettings()), **(config.get("search") or {})}
    return flat | {f"search.{key}": value for key, value in search.items() if key not in NEUTRAL}


def _space(config: Settings) -> Space | None:
    """The config's; None where it is NASLib's own."""
    space = str(config.get("search_space", Config.search_space))
    return None if space in spaces.ON_NASLIB else spaces.get(space)


def _full(space: Space | None) -> dict[str, Any]:
    """The size of a full search in a space."""
    own_defaults = {} if space is None else space.defaults
    return {key: own_defaults.get(key, value) for key, value in FULL.items()}


def _images(
    dataset: str, search: Settings, images: tuple[int, int] | None
) -> tuple[list[int | None], list[int | None]]:
    """Images of the two halves, and the usual number of them; None: all there are, not counted."""
    total = TRAINING_IMAGES.get(dataset)
    limits = [search["limit_train"], search["limit_val"]]
    if total is None:
        counted = images is not None and limits != [None, None]
        return list(images) if counted and images else limits, [None, None]
    usual: list[int | None] = [total // 2, total // 2]
    if images is not None:
        return list(images), usual
    whole = [total // 2, total // 2]
    if search["split"] == "all":
        whole = [total, total]
    elif search["split"] == "fraction" and search["train_portion"] is not None:
        first = int(search["train_portion"] * total)
        whole = [first, total - first]
    return [most if limit is None else min(limit, most)
            for limit, most in zip(limits, whole, strict=True)], usual  # fmt: skip


def _thousands(count: int | None) -> str:
    if count is None:
        return "all"
    return f"{count // 1000}k" if count and count % 1000 == 0 else str(count)
