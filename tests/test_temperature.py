"""The temperature controllers: the paper's worked example and hand check, the release's run."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from naslib_edd.config.loading import load
from naslib_edd.config.settings import SearchSettings
from naslib_edd.engine.build import make_temperature
from naslib_edd.errors import UserError
from naslib_edd.temperature import (
    EDD,
    LOGIT_SCALE,
    Constant,
    Temperature,
    exponential_schedule,
    linear_schedule,
    lpcd_schedule,
    pcd_schedule,
)

ENTROPIES = st.lists(st.floats(0, math.log(5)), min_size=1, max_size=60)


def controller(optimizer: str, **search: object) -> Temperature:
    """The controller that a config names."""
    return make_temperature(load({"optimizer": optimizer, "search": search}).search, edges=6)


def run(temperature: Temperature, entropies: list[float]) -> list[float]:
    """t of each epoch: the first, then one after each entropy."""
    updates = [
        temperature.update(epoch=epoch, entropy=entropy)
        for epoch, entropy in enumerate(entropies, start=1)
    ]
    return [temperature.t0, *updates]


def test_logit_scale() -> None:
    assert abs(LOGIT_SCALE - 3.989e-4) < 5e-8
    draws = 1e-3 * np.random.default_rng(0).standard_normal(1_000_000)
    positive = np.maximum(draws, 0)
    error = positive.std() / math.sqrt(len(draws))
    assert abs(positive.mean() - LOGIT_SCALE) < 4 * error < 0.01 * LOGIT_SCALE
    assert SearchSettings().logit_scale == LOGIT_SCALE


def test_ets_worked_example() -> None:
    # The paper's Fig. 3.
    schedule = exponential_schedule(t0=1.0, t_end=1e-3, steps=4, logit_scale=4e-4)
    assert schedule == pytest.approx([1, 0.00344, 0.001818, 0.001274, 0.001], rel=5e-3)
    exponentials = [math.exp(4e-4 / t) for t in schedule]
    assert exponentials == pytest.approx([1.0004, 1.12326, 1.24611, 1.36897, 1.49182], abs=1e-5)
    assert np.diff(exponentials) == pytest.approx(exponentials[1] - exponentials[0], rel=1e-9)
    assert schedule[0] == pytest.approx(1, rel=1e-12)
    assert schedule[-1] == pytest.approx(1e-3, rel=1e-12)


def test_lts_worked_example() -> None:
    schedule = linear_schedule(t0=1.0, t_end=1e-3, steps=4)
    assert schedule == pytest.approx([1, 0.75, 0.5, 0.25, 0.001], rel=5e-3)
    assert np.diff(schedule) == pytest.approx(-0.999 / 4, rel=1e-12)


@pytest.mark.parametrize("optimizer", ["lts_darts", "ets_darts"])
def test_schedules_of_a_config_end_at_t_end(optimizer: str) -> None:
    found = run(controller(optimizer, epochs=8, t_end=0.002), [1.0] * 10)
    assert found[0] == 1 and found[8:] == pytest.approx([0.002] * 3, rel=1e-12)
    assert (np.diff(found[:9]) < 0).all()


def test_constant() -> None:
    assert run(controller("darts_v1"), [1.6, 0.1, 0]) == [1.0] * 4
    assert run(Constant(t0=0.3), [1.6, 0.1]) == [0.3] * 3


def test_entropy_that_edd_wants() -> None:
    assert controller("edd_darts").entropy_of == "current"
    assert controller("edd_darts", edd_entropy_of="untempered").entropy_of == "untempered"


def test_edd_hand_check() -> None:
    edd = controller("edd_darts")
    assert isinstance(edd, EDD) and edd.t == 1.0 and edd.strength == 0
    t = edd.update(epoch=1, entropy=math.log(5))
    assert edd.strength == pytest.approx(0.04828, abs=5e-6)
    assert t == edd.t == pytest.approx(0.0084, abs=5e-5)
    # Eq. 14 and 15 as they are written, for a second epoch.
    edd.update(epoch=2, entropy=1.2)
    d = 0.06 * 0.5 * 1.2 + 0.5 * (0.06 * 0.5 * math.log(5))
    assert edd.strength == pytest.approx(d, rel=1e-12)
    wanted = LOGIT_SCALE / math.log(math.exp(LOGIT_SCALE) + 2 * d)
    assert edd.t == pytest.approx(wanted, rel=1e-9)
    # The feedback: with little entropy t rises again.
    assert wanted < t and edd.update(epoch=3, entropy=0.0) > wanted


def straight_release(sums: list[float]) -> tuple[list[float], list[float], list[int]]:
    """The release on NB201, epoch by epoch: t and d of epochs 0 … 49, and where t was renewed."""
    t, d, count, ts, ds, renewed = 1.0, 0.0, 0, [], [], []
    for epoch in range(50):
        if epoch in (10, 15, 20, 25, 30, 35, 40) or epoch >= 41:
            lam = 0.04 if epoch < 40 else 0.08
            d = lam * sums[epoch] * 0.5 + 0.5 * d
            count += 1
            t = 0.000399 / math.log(1 + d * count) if d > 0 else 1.0
            renewed.append(epoch)
        ts.append(t)
        ds.append(d)
    return ts, ds, renewed


@pytest.mark.parametrize("seed", range(20))
def test_release_against_a_straight_line(seed: int) -> None:
    source = random.Random(seed)
    # Entropy before each epoch, a mean over the six edges; some one-hot.
    means = [source.choice([0.0, *[source.uniform(0, math.log(5))] * 5]) for _ in range(50)]
    wanted, strengths, renewed = straight_release([6 * mean for mean in means])
    edd = controller("edd_darts", variant="release")
    found, ds, updated = [edd.t], [edd.strength], []
    for epoch in range(1, 50):
        before = edd.updates  # type: ignore[attr-defined]
        found.append(edd.update(epoch=epoch, entropy=means[epoch]))
        ds.append(edd.strength)
        if edd.updates > before:  # type: ignore[attr-defined]
            updated.append(epoch)
    assert updated == renewed and len(updated) == 16
    assert found == pytest.approx(wanted, rel=1e-10)
    assert ds == pytest.approx(strengths, rel=1e-12)
    assert found[:10] == [1.0] * 10


def test_release_at_the_edge() -> None:
    assert run(controller("edd_darts", variant="release"), [0.0] * 50) == [1.0] * 51
    # Its t0_exp is 1: a tiny entropy gives a tiny d, and ln(1 + d) may be below E.
    assert max(run(controller("edd_darts", variant="release"), [1e-3] * 49)) > 1


@given(
    entropies=ENTROPIES,
    decay=st.floats(1e-6, 100),
    t0=st.floats(1e-5, 1e6),
    momentum=st.floats(0, 0.999),
)
def test_paper_stays_above_zero_and_not_above_t0(
    entropies: list[float], decay: float, t0: float, momentum: float
) -> None:
    # With next to no entropy, rounding alone would put some of the t a hair above t0.
    for sequence in (entropies, [1e-300]):
        for t in run(EDD(decay=decay, t0=t0, momentum=momentum), sequence):
            assert 0 < t <= t0


@given(t0=st.floats(1e-5, 1e6), epochs=st.integers(1, 20))
def test_no_entropy_gives_t0_exactly(t0: float, epochs: int) -> None:
    # Rounding may leave the entropy of a one-hot β a hair below 0, which is no step upwards.
    for entropy in (0.0, -1e-17):
        assert run(EDD(t0=t0), [entropy] * epochs) == [t0] * (epochs + 1)


@given(entropies=ENTROPIES, t0=st.floats(0.01, 100), decay=st.floats(0.01, 1))
def test_paper_is_equation_15(entropies: list[float], t0: float, decay: float) -> None:
    d, wanted = 0.0, [t0]
    for k, entropy in enumerate(entropies, start=1):
        d = decay * (1 - 0.5) * entropy + 0.5 * d
        wanted.append(LOGIT_SCALE / math.log(math.exp(LOGIT_SCALE / t0) + k * d))
    # Written like this, ln(1 + x) has lost digits where x is small: hence the tolerance.
    assert run(EDD(t0=t0, decay=decay), entropies) == pytest.approx(wanted, rel=1e-8)


def test_pcd_numbers() -> None:
    steps = [0.000399 / math.log(1 + 0.11 * i) for i in range(1, 11)]
    assert (round(steps[0], 5), round(steps[9], 5)) == (0.00382, 0.00054)
    t1, t2, t3, t4, t5 = steps[:5]
    cycle = [1, t1, t2, t3, t4, t5, t4, t3, t2, t1]
    for warmup in (5, 10):
        found = run(controller("pcd_darts", pcd_warmup=warmup), [1.0] * 49)
        assert found[:warmup] == [1.0] * warmup
        for epoch in range(warmup, 40):
            assert found[epoch] == pytest.approx(cycle[epoch % 10], rel=1e-12)
        assert found[40:] == pytest.approx(steps, rel=1e-12)
    assert load({"optimizer": "pcd_darts"}).search.pcd_warmup == 5
    assert len(pcd_schedule()) == len(lpcd_schedule()) == 50


def test_lpcd_numbers() -> None:
    t1, t2, t3, t4, t5 = (1 - i * 0.999 / 5 for i in range(1, 6))
    assert t5 == pytest.approx(0.001)
    cycle = [1, t1, t2, t3, t4, t5, t4, t3, t2, t1]
    found = run(controller("lpcd_darts"), [1.0] * 49)
    assert found[:40] == pytest.approx(cycle * 4, rel=1e-9)
    assert found[40:] == pytest.approx([1 - i * 0.9995 / 10 for i in range(1, 11)], rel=1e-9)
    assert found[49] == pytest.approx(0.0005, rel=1e-9)


def test_the_cycles_keep_their_end_in_a_shorter_search() -> None:
    assert pcd_schedule(epochs=12, warmup=0)[2:] == pcd_schedule()[40:]
    with pytest.raises(UserError, match="needs 10 epochs or more; got 9"):
        controller("pcd_darts", epochs=9)


@hypothesis_settings(max_examples=30)
@given(entropies=st.lists(st.floats(0, 1.6), min_size=49, max_size=49), stop=st.integers(0, 49))
def test_state_goes_on_where_it_was(entropies: list[float], stop: int) -> None:
    kinds = [("edd_darts", "paper"), ("edd_darts", "release")]
    kinds += [(name, "paper") for name in ("darts_v1", "pcd_darts", "lpcd_darts", "ets_darts")]
    for optimizer, variant in kinds:
        whole = controller(optimizer, variant=variant)
        expected = run(whole, entropies)
        first, second = (controller(optimizer, variant=variant) for _ in range(2))
        run(first, entropies[:stop])
        second.load_state_dict(first.state_dict())
        assert second.t == first.t
        for epoch in range(stop + 1, 50):
            found = second.update(epoch=epoch, entropy=entropies[epoch - 1])
            assert found == second.t == expected[epoch]
        assert second.state_dict() == whole.state_dict()


def test_wrong_arguments_are_explained() -> None:
    for wrong in (0.0, -1.0, math.nan, math.inf):
        for name in ("decay", "t0", "logit_scale"):
            with pytest.raises(UserError, match="must be a finite number above 0"):
                EDD(**{name: wrong})
    with pytest.raises(UserError, match=r"edd_rho = 1\.0 must be at least 0 and below 1"):
        EDD(momentum=1.0)
    with pytest.raises(UserError, match="give both or neither"):
        EDD(late_decay=0.1)
    with pytest.raises(UserError, match="must be 1 or more"):
        EDD(interval=0)
    with pytest.raises(UserError, match="a schedule goes down"):
        exponential_schedule(t0=0.1, t_end=0.2, steps=3)
    with pytest.raises(UserError, match="1 step or more"):
        linear_schedule(t0=1.0, t_end=0.2, steps=0)


def test_a_temperature_too_small_for_its_exponential_is_explained() -> None:
    # exp(E/t) is beyond float64 where t is below E/709.
    with pytest.raises(UserError, match="t0 = 1e-07 is too small"):
        EDD(t0=1e-7)
    with pytest.raises(UserError, match="t_end = 1e-07 is too small"):
        exponential_schedule(t0=1.0, t_end=1e-7, steps=3)
