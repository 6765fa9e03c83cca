"""Configs: what is read, in which order of precedence, and that writing loses nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from naslib_edd.config.loading import as_dict, dump, load
from naslib_edd.config.methods import METHODS
from naslib_edd.config.settings import Config, SearchSettings, names

#: But for those of sweeps, which are lists of searches: tests/sweep/test_plan.py.
CONFIGS = sorted(
    path
    for path in (Path(__file__).parents[2] / "configs").rglob("*.yaml")
    if path.parent.name != "sweeps"
)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_defaults() -> None:
    config = load()
    assert config.optimizer == "edd_darts" and config.search.temperature == "edd"
    assert load({}) == load(None) == load({"search": None}) == load({"search": {}}) == config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_project_s_configs_load(path: Path) -> None:
    config = load(path)
    assert load(as_dict(config)) == load(yaml.safe_load(dump(config))) == config


def test_there_are_configs() -> None:
    assert {"quickstart.yaml", "edd_darts.yaml"} <= {path.name for path in CONFIGS}


def test_evaluation_is_kept_as_it_is() -> None:
    given = {"evaluation": {"epochs": 1, "deep": {"a": [1, None]}}}
    config = load(given, ["evaluation.checkpoint_freq=5"])
    assert config.evaluation == {"epochs": 1, "deep": {"a": [1, None]}, "checkpoint_freq": 5}
    assert given == {"evaluation": {"epochs": 1, "deep": {"a": [1, None]}}}
    assert load({"evaluation": None}, ["evaluation.x=1"]).evaluation == {"x": 1}


def test_numbers_that_yaml_reads_as_texts(tmp_path: Path) -> None:
    text = "search: {learning_rate: 1e-1, learning_rate_min: 1e-3, weight_decay: 0, s: 1e2}"
    assert yaml.safe_load(text)["search"]["learning_rate_min"] == "1e-3"
    search = load(write(tmp_path, text)).search
    assert (search.learning_rate, search.learning_rate_min, search.s) == (0.1, 0.001, 100.0)
    assert search.weight_decay == 0 and isinstance(search.weight_decay, float)
    assert load({}, ["search.edd_lambda=6e-2", "search.s=unit"]).search.edd_lambda == 0.06


def test_off_is_off(tmp_path: Path) -> None:
    assert yaml.safe_load("clip: off") == {"clip": False}
    assert load(write(tmp_path, "search:\n  clip: off\n")).search.clip == "off"
    assert load({}, ["search.clip=off"]).search.clip == "off"
    config = load({"search": {"clip": "off"}})
    assert load(yaml.safe_load(dump(config))).search.clip == "off"


def test_precedence() -> None:
    # Default < method < variant < config < command line, on one key each.
    assert load({"optimizer": "lts_darts"}).search.clip == SearchSettings().clip == "weights"
    assert load({"optimizer": "edd_darts_clip"}).search.clip == "each"
    release: dict[str, Any] = {"optimizer": "edd_darts", "search": {"variant": "release"}}
    assert load(release).search.clip == "weights_and_logits"
    release["search"]["clip"] = "logits"
    assert load(release).search.clip == "logits"
    assert load(release, ["search.clip=off"]).search.clip == "off"
    assert load(release, ["search.clip=off", "search.clip=each"]).search.clip == "each"
    assert release["search"] == {"variant": "release", "clip": "logits"}
    # The command line may name the method and the variant, whose settings then stay below.
    found = load({"search": {"batch_size": 32}}, ["search.variant=release", "search.s=100"]).search
    assert (found.batch_size, found.s, found.edd_lambda) == (32, 100.0, 0.04)
    assert load({}, ["optimizer=darts_v1"]) == load({"optimizer": "darts_v1"})


@pytest.mark.parametrize("optimizer", METHODS)
def test_round_trips(optimizer: str, tmp_path: Path) -> None:
    config = load({"optimizer": optimizer, "seed": 3, "evaluation": {"a": 1e-7}})
    assert set(as_dict(config)) == set(names(Config))
    assert set(as_dict(config)["search"]) == set(names(SearchSettings))
    assert load(as_dict(config)) == config == load(config)
    assert load(yaml.safe_load(dump(config))) == config
    assert load(write(tmp_path, dump(config))) == config
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 4  # type: ignore[misc]


def _is_name(text: str) -> bool:
    return bool(text.strip()) and text not in (".", "..")


@hypothesis_settings(max_examples=40)
@given(
    numbers=st.fixed_dictionaries(
        {
            "learning_rate": st.floats(0.1, 1e30),
            "weight_decay": st.one_of(st.just(0.0), st.floats(1e-30, 1e30)),
            "t0": st.floats(1e-30, 1e30),
            "s": st.one_of(st.just("unit"), st.floats(1.0000001, 1e9)),
            "clip": st.sampled_from(["off", "weights", "each"]),
            "limit_val": st.one_of(st.none(), st.integers(2, 10**9)),
            "augment": st.booleans(),
        }
    ),
    name=st.one_of(st.none(), st.text("ab c-_.é0#$%:'\"", min_size=1).filter(_is_name)),
    out_dir=st.text(),
    seed=st.integers(0, 2**63 - 1),
)
def test_round_trip_of_any_values(
    numbers: dict[str, Any], name: str | None, out_dir: str, seed: int
) -> None:
    given = {"search": numbers, "seed": seed, "name": name, "out_dir": out_dir}
    config = load(given)
    assert load(as_dict(config)) == load(yaml.safe_load(dump(config))) == config
    assert {key: getattr(config.search, key) for key in numbers} == numbers
    assert (config.name, config.out_dir, config.seed) == (name, out_dir, seed)


def test_every_setting_is_documented() -> None:
    for section in (Config, SearchSettings):
        for item in dataclasses.fields(section):
            assert item.metadata["doc"], item.name
