"""Presets: the table of ALGORITHM's points, paper against release, each of them one setting."""

from __future__ import annotations

from typing import Any

import pytest

from naslib_edd.config.loading import load
from naslib_edd.config.methods import METHODS, RELEASE, VARIANTS, preset  # type: ignore[attr-defined]
from naslib_edd.config.settings import SearchSettings, names
from naslib_edd.engine.build import make_relaxation, make_temperature
from naslib_edd.errors import UserError
from naslib_edd.relaxation import SnSoftmax, Softmax
from naslib_edd.temperature import EDD, LOGIT_SCALE, Constant, Schedule

#: Point of the table -> settings: (paper, release on NB201).
POINTS: dict[str, dict[str, tuple[Any, Any]]] = {
    "update cadence": {
        "edd_first_update": (1, 10),
        "edd_interval": (1, 5),
        "edd_dense_from": (None, 40),
    },
    "k in eq. 15": {"edd_count": ("epochs", "updates")},
    "lambda, entropy": {
        "edd_lambda": (0.06, 0.04),
        "edd_lambda_late": (None, 0.08),
        "edd_late_from": (None, 40),
        "edd_reduction": ("mean", "sum"),
    },
    "entropy of": {"edd_entropy_of": ("current", "current")},
    "E(a), t0_exp": {
        "logit_scale": (pytest.approx(3.989e-4, rel=2e-4), 0.000399),
        "edd_t0_exp": ("exact", "one"),
    },
    "sn-softmax": {"relaxation": ("sn_softmax", "softmax"), "s": ("unit", "unit")},
    "weights": {
        "learning_rate": (0.025, 0.025),
        "learning_rate_min": (0.001, 0.025),
        "momentum": (0.9, 0.9),
        "nesterov": (True, True),
        "weight_decay": (5e-4, 5e-4),
        "batch_size": (64, 256),
        "epochs": (50, 50),
    },
    "logits": {
        "arch_learning_rate": (3e-4, 3e-4),
        "arch_beta1": (0.5, 0.5),
        "arch_beta2": (0.999, 0.999),
        "arch_weight_decay": (0.0, 0.0),
        "arch_init": (1e-3, 1e-3),
    },
    "order, clip": {
        "order": ("weights_first", "weights_first"),
        "clip": ("weights", "weights_and_logits"),
        "clip_stale_logits": (False, True),
        "grad_clip": (5.0, 5.0),
    },
    "what both share": {
        "temperature": ("edd", "edd"),
        "edd_rho": (0.5, 0.5),
        "t0": (1.0, 1.0),
        "channels": (16, 16),
        "cells": (5, 5),
        "running_statistics": (True, True),
        "noise_at_one": (True, False),
    },
}
SETTINGS = [
    pytest.param(key, *values, id=f"{point}-{key}")
    for point, settings in POINTS.items()
    for key, values in settings.items()
]


def search_of(optimizer: str, **search: Any) -> SearchSettings:
    return load({"optimizer": optimizer, "search": search}).search


@pytest.mark.parametrize(("key", "paper", "release"), SETTINGS)
def test_points_of_the_table(key: str, paper: Any, release: Any) -> None:
    assert getattr(search_of("edd_darts"), key) == paper
    assert getattr(search_of("edd_darts", variant="paper"), key) == paper
    assert getattr(search_of("edd_darts", variant="release"), key) == release


@pytest.mark.parametrize(("key", "paper", "release"), SETTINGS)
def test_each_point_can_be_ablated_alone(key: str, paper: Any, release: Any) -> None:
    # Pairs that config asks to go together are one point.
    together = {
        "edd_lambda_late": {"edd_late_from": 40},
        "edd_late_from": {"edd_lambda_late": 0.08},
    }
    ablated = search_of("edd_darts", **{key: release, **together.get(key, {})})  # type: ignore[dict-item]
    whole = search_of("edd_darts")
    assert getattr(ablated, key) == release
    changed = {
        name for name in names(SearchSettings) if getattr(ablated, name) != getattr(whole, name)
    }
    expected = {key, *together.get(key, {})} if paper != release else set()
    assert changed == expected


def test_the_points_are_all_that_the_variant_changes() -> None:
    assert set(RELEASE) <= {key for settings in POINTS.values() for key in settings}
    paper, release = search_of("edd_darts"), search_of("edd_darts", variant="release")
    differ = {n for n in names(SearchSettings) if getattr(paper, n) != getattr(release, n)}
    assert differ == {
        key
        for settings in POINTS.values()
        for key, (ours, theirs) in settings.items()
        if ours != theirs
    } | {"variant"}


def test_table_5_s_rows() -> None:
    assert isinstance(make_relaxation(search_of("edd_darts", relaxation="softmax")), Softmax)
    unit = make_relaxation(search_of("edd_darts"))
    assert isinstance(unit, SnSoftmax) and unit.s == "unit" and unit.noise_at_one
    hundred = make_relaxation(search_of("edd_darts", s=100))
    assert isinstance(hundred, SnSoftmax) and hundred.s == 100
    assert isinstance(make_relaxation(search_of("edd_darts", variant="release")), Softmax)


def test_edd_parts() -> None:
    paper = make_temperature(search_of("edd_darts"), edges=6)
    release = make_temperature(search_of("edd_darts", variant="release"), edges=6)
    assert isinstance(paper, EDD) and isinstance(release, EDD)
    assert paper.logit_scale == LOGIT_SCALE and release.logit_scale == 0.000399
    assert [epoch for epoch in range(50) if paper.is_update(epoch)] == list(range(1, 50))
    epochs = [epoch for epoch in range(50) if release.is_update(epoch)]
    assert epochs == [10, 15, 20, 25, 30, 35, *range(40, 50)] and len(epochs) == 16


def test_darts_v1() -> None:
    search = search_of("darts_v1")
    assert (search.relaxation, search.temperature, search.arch_weight_decay) == (
        "softmax",
        "constant",
        1e-3,
    )
    assert search.clip == "weights_and_logits" and search.clip_stale_logits
    assert (search.batch_size, search.epochs, search.learning_rate_min) == (64, 50, 0.001)
    assert search.val_sampling == "replace" and search.running_statistics
    assert isinstance(make_relaxation(search), Softmax)
    temperature = make_temperature(search, edges=6)
    assert isinstance(temperature, Constant) and temperature.t == 1


def test_clip_is_the_one_point_of_its_method() -> None:
    for variant in ("paper", "release"):
        whole = search_of("edd_darts", variant=variant)
        clipped = search_of("edd_darts_clip", variant=variant)
        differ = {n for n in names(SearchSettings) if getattr(whole, n) != getattr(clipped, n)}
        assert differ == {"clip"} and clipped.clip == "each"


@pytest.mark.parametrize(
    ("optimizer", "kind"),
    [("pcd_darts", "pcd"), ("lpcd_darts", "lpcd"), ("lts_darts", "lts"), ("ets_darts", "ets")],
)
def test_schedules(optimizer: str, kind: str) -> None:
    search = search_of(optimizer)
    assert search.temperature == kind
    assert isinstance(make_temperature(search, edges=6), Schedule)
    relaxation = make_relaxation(search)
    assert isinstance(relaxation, SnSoftmax) and relaxation.s == "unit"
    # The release's baselines add no noise while t = 1.
    assert relaxation.noise_at_one is (optimizer in ("lts_darts", "ets_darts"))
    assert search.logit_scale == (0.000399 if kind == "pcd" else LOGIT_SCALE)
    assert search.pcd_strength == 0.11
    assert search.pcd_warmup == (0 if kind == "lpcd" else 5)


@pytest.mark.parametrize("optimizer", sorted(set(METHODS) - set(VARIANTS)))
def test_release_belongs_to_edd(optimizer: str) -> None:
    with pytest.raises(UserError, match=rf"'{optimizer}' has no such variant, leave the key out"):
        load({"optimizer": optimizer, "search": {"variant": "release"}})
    assert load({"optimizer": optimizer, "search": {"variant": "paper"}}) == load(
        {"optimizer": optimizer}
    )


def test_presets_are_settings_and_stay_as_they_are() -> None:
    assert set(VARIANTS) <= set(METHODS)
    for optimizer in METHODS:
        values = preset(optimizer, "paper")
        assert set(values) <= set(names(SearchSettings)) - {"variant"}
        values["clip"] = "changed"
        assert preset(optimizer, "paper") != values
    changed = preset("edd_darts", "release")
    changed.clear()
    assert preset("edd_darts", "release") and RELEASE
    with pytest.raises(UserError, match="unknown optimizer 'pcd_dart'; did you mean 'pcd_darts'"):
        preset("pcd_dart", "paper")
