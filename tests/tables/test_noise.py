"""Noise and reliability against made-up tables whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.tables.noise import noise, reliability, reliability_of_the_top, stepped_up


def made_up(*, seeds: int, sigma: float, count: int = 4000) -> np.ndarray:
    """True values from N(0, 1) and noise of ``sigma`` on each seed."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 1)) + sigma * rng.normal(size=(count, seeds))


def test_noise_is_the_seeds_standard_deviation() -> None:
    found = noise(made_up(seeds=4, sigma=0.5))
    assert found.seeds == 4
    assert found.seed_std == pytest.approx(0.5, rel=0.03)
    assert found.seed_std_top == pytest.approx(0.5, rel=0.03)
    assert found.regret_band == pytest.approx(1.96 * np.sqrt(2 / 4) * found.seed_std_top)


def test_the_top_has_a_noise_of_its_own() -> None:
    rng = np.random.default_rng(1)
    good = 10 + 0.1 * rng.normal(size=(500, 5))
    bad = 2.0 * rng.normal(size=(500, 5))
    assert noise(np.vstack([good, bad])).seed_std_top == pytest.approx(0.1, rel=0.1)


def test_differences_within_the_band_are_chance_in_95_of_100() -> None:
    """Of architectures that are all alike."""
    values = np.random.default_rng(2).normal(size=(20_000, 3))
    band = noise(values).regret_band
    first, second = values[:10_000].mean(axis=1), values[10_000:].mean(axis=1)
    assert (np.abs(first - second) < band).mean() == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("seeds", [2, 4, 5])
def test_reliability_is_the_correlation_with_a_repeated_table(seeds: int) -> None:
    """For normal values it is 1 / (1 + σ²/S), up to ranks in place of values."""
    found = reliability(made_up(seeds=seeds, sigma=1.0))
    assert found == pytest.approx(1 / (1 + 1 / seeds), abs=0.03)


def test_pure_chance_has_no_reliability() -> None:
    values = np.random.default_rng(3).normal(size=(4000, 4))
    assert abs(reliability(values)) < 0.08
    assert abs(reliability_of_the_top(values)) < 0.15


def test_the_top_half_is_chosen_by_other_seeds() -> None:
    """Within the better half the range is narrower, so the reliability is lower, but not 0."""
    values = made_up(seeds=4, sigma=0.5)
    assert 0.5 < reliability_of_the_top(values) < reliability(values)


def test_spearman_and_brown() -> None:
    assert stepped_up(0.5, 2) == pytest.approx(2 / 3)
    assert stepped_up(0.7, 1) == pytest.approx(0.7)


def test_rows_with_a_seed_missing_are_left_out() -> None:
    values = made_up(seeds=3, sigma=0.5, count=50)
    holes = np.vstack([values, [[np.nan, 1.0, 2.0]]])
    assert noise(holes) == noise(values)


@pytest.mark.parametrize("values", [np.zeros((5, 1)), np.zeros(5), np.zeros((1, 3))])
def test_too_little_to_tell(values: np.ndarray) -> None:
    with pytest.raises(UserError, match="noise needs"):
        noise(values)
    with pytest.raises(UserError, match="3 seeds"):
        reliability_of_the_top(np.zeros((5, 2)))
