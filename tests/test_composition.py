"""Parts that go together do: a search of each pair steps, repeats, resumes; others give a reason.

Two steps and a resumed third, on an engine of C=2, N=1.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import every, tiny_settings

from naslib_edd.config.loading import load
from naslib_edd.data import SearchData
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import open_data
from naslib_edd.errors import UserError

CPU = torch.device("cpu")

TEMPERATURES: dict[str, dict[str, Any]] = {
    "edd": {"temperature": "edd"},
    "ets": {"temperature": "ets"},
}
RELAXATIONS: dict[str, dict[str, Any]] = {
    "softmax": {"relaxation": "softmax"},
    "sn_softmax": {"relaxation": "sn_softmax"},
    "sigmoid": {"relaxation": "sigmoid"},
    "dirichlet": {"relaxation": "dirichlet"},
    "linear": {"relaxation": "linear", "temperature": "constant"},
    "gumbel": {"relaxation": "gumbel"},
    "sn_gumbel": {"relaxation": "sn_gumbel"},
    "ordered": {"relaxation": "ordered"},
}
#: One operation an edge is sampled at each step.
ONE_HOT = ("gumbel", "sn_gumbel", "ordered")
#: How the logits' gradient is taken, and what moves them.
STEPS: dict[str, dict[str, Any]] = {
    "second_order": {"bilevel": "second_order", "order": "logits_first"},
    "single_level": {"bilevel": "single_level"},
    "gibbs": {"bilevel": "gibbs", "arch_optimizer": "sgd", "nesterov": False},
    "simplex": {
        "relaxation": "simplex",
        "arch_optimizer": "exponentiated_gradient",
        "arch_learning_rate": 0.1,
        "temperature": "constant",
    },
}
ADDED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "auxiliary_skip": {"auxiliary_skip": 1.0},
    "beta_decay": {"beta_decay": 50.0},
    "zero_one": {"zero_one": 10.0},
    "drop_path": {"drop_path": 0.4},
    "without_none": {"exclude_none": True},
    "progressive": {"progressive_keep": 3, "progressive_at": 0.4, "progressive_warmup": 0.0},
    "identity_penalty": {"identity_penalty": 0.1},
}
#: Pairs that are refused, and a word of the reason.
REFUSED = {
    **{(relaxation, "auxiliary_skip"): "one operation an edge" for relaxation in ONE_HOT},
    **{(relaxation, "zero_one"): "0 or 1 already" for relaxation in ONE_HOT},
    **{(relaxation, "drop_path"): "no mixed operation to drop" for relaxation in ONE_HOT},
    ("linear", "zero_one"): "have no bounds",
    ("linear", "beta_decay"): "there is no softmax",
    ("simplex", "beta_decay"): "log-probabilities there",
    ("zero_one", "auxiliary_skip"): "the other adds to it",
}


def reason_for(*names: str) -> str | None:
    """The reason for which one of the pairs among these names is refused."""
    reasons = [why for pair, why in REFUSED.items() if set(pair) <= set(names)]
    return reasons[0] if reasons else None


def engine_of(tmp_path: Path, search: dict[str, Any]) -> Engine:
    config = load(tiny_settings(tmp_path, optimizer="edd_darts", search=search))
    return Engine(config=config, data=data(), device=CPU)


@cache
def data() -> SearchData:
    """The same for every search."""
    return open_data(load(tiny_settings(Path(), search={"limit_val": 32})), CPU)


def equal(one: Any, other: Any) -> bool:
    """Whether two states are the same bit for bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def check(tmp_path: Path, search: dict[str, Any], reason: str | None) -> None:
    if reason is not None:
        with pytest.raises(UserError, match=reason):
            engine_of(tmp_path, search)
        return
    first, second = engine_of(tmp_path, search), engine_of(tmp_path, search)
    start = {name: tensor.clone() for name, tensor in first.supernet.named_parameters()}
    logits = first.logits.detach().clone()
    for engine in (first, second):
        # The second epoch: schedules have left their start.
        engine.epoch = 1
        engine.run_step()
        engine.run_step()
        engine.check_finite()
    state = first.state_dict()
    assert equal(state, second.state_dict())
    assert not torch.equal(first.logits, logits)
    fresh = engine_of(tmp_path, search).drop_path if "drop_path" in search else None
    if fresh is not None:  # what drops edges has been asked, whatever the path through the network
        assert not equal(state["drop_path"], fresh.state_dict())
    moved = [not torch.equal(start[n], p) for n, p in first.supernet.named_parameters()]
    assert all(moved)
    file = tmp_path / "state.pt"
    torch.save(state, file)
    resumed = second
    resumed.run_step()  # away from where the file is
    resumed.load_state_dict(torch.load(file, weights_only=True))
    for engine in (first, resumed):
        engine.run_step()
    assert equal(first.state_dict(), resumed.state_dict())
    rows = [engine.end_epoch() for engine in (first, resumed)]
    assert rows[0] == rows[1]
    assert 0 <= rows[0]["entropy"] <= 1.61 and rows[0]["entropy"] == rows[0]["entropy"]


@pytest.mark.search
@pytest.mark.parametrize(("relaxation", "added"), every(3, product(RELAXATIONS, ADDED)))
def test_relaxation_and_what_is_added(tmp_path: Path, relaxation: str, added: str) -> None:
    search = {**TEMPERATURES["edd"], **RELAXATIONS[relaxation], **ADDED[added]}
    check(tmp_path, search, reason_for(relaxation, added))


@pytest.mark.search
@pytest.mark.parametrize("added", ADDED)
def test_another_temperature_and_what_is_added(tmp_path: Path, added: str) -> None:
    check(tmp_path, {**TEMPERATURES["ets"], **ADDED[added]}, None)


@pytest.mark.search
@pytest.mark.parametrize(("steps", "added"), every(3, product(STEPS, ADDED)))
def test_steps_and_what_is_added(tmp_path: Path, steps: str, added: str) -> None:
    search = {"temperature": "edd", "relaxation": "sn_softmax"}
    check(tmp_path, {**search, **STEPS[steps], **ADDED[added]}, reason_for(steps, added))


@pytest.mark.search
@pytest.mark.parametrize(
    ("one", "other"),
    every(2, ((a, b) for a, b in product(ADDED, ADDED) if a < b and "nothing" not in (a, b))),
)
def test_two_things_added(tmp_path: Path, one: str, other: str) -> None:
    check(tmp_path, {**TEMPERATURES["edd"], **ADDED[one], **ADDED[other]}, reason_for(one, other))


@pytest.mark.search
@pytest.mark.parametrize(
    "other",
    [
        {},
        {"supernet": "plain"},
        {"clip": "weights_and_logits", "clip_stale_logits": True},
        {"bilevel": "second_order", "order": "logits_first"},
    ],
)
def test_everything_that_goes_together_at_once(tmp_path: Path, other: dict[str, Any]) -> None:
    search = {**TEMPERATURES["edd"], **RELAXATIONS["sn_softmax"]}
    for name in ("auxiliary_skip", "beta_decay", "drop_path", "without_none"):
        search |= ADDED[name]
    check(tmp_path, {**search, **other}, None)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"drop_path": 0.1, "partial_channels": 4}, "they would be dropped, too"),
        ({"drop_path": 1.0}, "search.drop_path = 1.0 must be at most 0.99"),
        ({"drop_path": -0.1}, "must be at least 0"),
        ({"auxiliary_skip": -1}, "must be at least 0"),
        ({"beta_decay": -1}, "must be at least 0"),
        ({"auxiliary_skip_decay": "straight"}, "must be one of 'linear', 'cosine'"),
    ],
)
def test_values_out_of_range(search: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load({"search": search})
