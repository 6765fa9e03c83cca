"""Settings of the two steps that make no sense together are refused, with the reason."""

from __future__ import annotations

import re
from typing import Any

import pytest

from naslib_edd.config.loading import load
from naslib_edd.errors import UserError

SIMPLEX = {"relaxation": "simplex", "arch_optimizer": "exponentiated_gradient"}


@pytest.mark.parametrize(
    ("search", "reason"),
    [
        (
            {"relaxation": "simplex"},
            "simplex hands the gradient of the probabilities on as it is, which adam would take "
            "for the logits'; set search.arch_optimizer: exponentiated_gradient",
        ),
        (
            {"arch_optimizer": "exponentiated_gradient"},
            "search.relaxation: softmax gives it the gradient of logits",
        ),
        ({**SIMPLEX, "temperature": "ets"}, "simplex knows no temperature"),
        ({**SIMPLEX, "t0": 0.5}, "simplex knows no temperature"),
        ({"hessian": "exact"}, "belongs to search.bilevel: second_order, not to first_order"),
        (
            {"bilevel": "second_order", "hessian": "exact"},
            "differentiates twice, which the hand-written backward pass of search.supernet: fast "
            "does not allow; set search.supernet: plain",
        ),
        (
            {"train_images": "all"},
            "the weights would be trained on the images that the logits are validated on",
        ),
        ({"logit_batch": "same"}, "belongs to search.bilevel: single_level, not to first_order"),
        ({"bilevel": "gibbs", "nesterov": False}, "noise is known for plain gradient steps only"),
        ({"bilevel": "gibbs", "arch_optimizer": "sgd"}, "plain gradient steps only"),
        ({"hessian_radius": 0}, "search.hessian_radius = 0.0 must be above 0"),
        ({"gibbs_temperature": -1}, "search.gibbs_temperature = -1.0 must be at least 0"),
        ({"edge_learning_rate": 0}, "search.edge_learning_rate = 0.0 must be above 0"),
    ],
)
def test_refused(search: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError, match=re.escape(reason)):
        load({"optimizer": "darts_v1", "search": search})


@pytest.mark.parametrize(
    ("optimizer", "search"),
    [
        ("darts_v2", {"supernet": "plain", "hessian": "exact"}),
        ("darts_v2", {"relaxation": "sn_softmax", "temperature": "edd"}),
        ("gaea_bilevel", {"bilevel": "second_order"}),
        ("gaea_erm", {"logit_batch": "same", "train_images": "half"}),
        ("edd_darts", {"bilevel": "single_level", "train_images": "all"}),
        ("gibbs_nas", {"gibbs_temperature": 0, "train_images": "half", "momentum": 0}),
    ],
)
def test_allowed(optimizer: str, search: dict[str, Any]) -> None:
    found = load({"optimizer": optimizer, "search": search}).search
    assert all(getattr(found, key) == value for key, value in search.items())
