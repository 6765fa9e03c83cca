"""The family's presets: what each adds to DARTS' recipe, and that its run resumes bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers import rows_of, run, tiny_settings

from naslib_edd.config.loading import load
from naslib_edd.config.methods import CARDS
from naslib_edd.config.methods.regularised import RECIPE
from naslib_edd.config.settings import SearchSettings

NAMES = ("darts_minus", "beta_darts", "fair_darts", "r_darts_dp", "r_darts_l2")


def search_of(name: str, **search: Any) -> SearchSettings:
    return load({"optimizer": name, "search": search}).search


OFF: dict[str, dict[str, Any]] = {
    "darts_minus": {"auxiliary_skip": 0.0, "val_sampling": "replace"},
    "beta_darts": {"beta_decay": 0.0, "epochs": 50},
    "r_darts_dp": {"drop_path": 0.0},
    "r_darts_l2": {"weight_decay": 3e-4},
}


@pytest.mark.parametrize("name", OFF)
def test_with_its_own_point_off_it_is_darts(name: str) -> None:
    recipe = {**RECIPE, "relaxation": "softmax", "temperature": "constant"}
    darts = load({"optimizer": "edd_darts", "search": recipe}).search
    assert search_of(name, **OFF[name]) == darts
    assert search_of(name) != darts


def test_fair_darts() -> None:
    search = search_of("fair_darts")
    assert (search.relaxation, search.zero_one, search.exclude_none) == ("sigmoid", 10.0, True)
    assert all(getattr(search, key) == value for key, value in RECIPE.items())
    # Adam of the release, and its rate for the weights.
    assert (search.arch_learning_rate, search.arch_beta1, search.arch_init) == (3e-3, 0.9, 0.0)
    assert (search.learning_rate, search.learning_rate_min, search.batch_size) == (5e-3, 1e-3, 128)


def test_r_darts_l2_has_27_times_the_weight_decay() -> None:
    assert search_of("r_darts_l2").weight_decay == pytest.approx(27 * 3e-4)


@pytest.mark.search
@pytest.mark.parametrize("name", NAMES)
def test_a_run_cut_off_inside_an_epoch_resumes_bit_for_bit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from naslib_edd.engine.engine import Engine

    search = {"batch_size": 24, "checkpoint_seconds": 0}
    whole = run(tiny_settings(tmp_path / "whole", optimizer=name, search=dict(search)))
    settings = tiny_settings(tmp_path / "cut", optimizer=name, search=dict(search))
    step, steps = Engine.run_step, 0

    def cut(engine: Engine) -> None:
        nonlocal steps
        steps += 1
        if steps == 3:  # of 2 an epoch: the first of the second
            raise KeyboardInterrupt
        step(engine)

    monkeypatch.setattr(Engine, "run_step", cut)
    with pytest.raises(KeyboardInterrupt):
        run(settings)
    monkeypatch.undo()
    resumed = run(settings, resume=True)
    assert rows_of(resumed.folder) == rows_of(whole.folder)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_says_what_it_was_held_to(name: str) -> None:
    card = CARDS[name]
    root = Path(__file__).parents[3]
    files = [word.strip("():;,") for word in card.status.split() if "tests/" in word]
    assert files and all((root / file).exists() for file in files), card.status
