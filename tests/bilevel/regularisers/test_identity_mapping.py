"""The price of the identity: value, gradient, and that a step lowers the share."""

from __future__ import annotations

import pytest
import torch

from naslib_edd.bilevel.regularisers.identity_mapping import IdentityMapping
from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_regularisers
from naslib_edd.spaces.nb201.encoding import OPERATIONS, SKIP

EVERYTHING = torch.ones(6, 5, dtype=torch.bool)


def test_the_mean_share_of_skip_connect() -> None:
    logits = torch.zeros(6, 5, dtype=torch.float64)
    part = IdentityMapping(weight=0.5, skip=SKIP, allowed=EVERYTHING)
    assert float(part(logits, logits)) == pytest.approx(0.1)
    logits[0, SKIP] = 50.0
    assert float(part(logits, logits)) == pytest.approx(0.5 * (1 + 5 * 0.2) / 6)


def test_its_gradient_takes_from_skip_and_gives_to_the_others() -> None:
    (part,) = make_regularisers(load({"optimizer": "surge_nas"}).search, allowed=EVERYTHING, skip=1)
    assert isinstance(part, IdentityMapping) and part.weight == 0.01
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 5, dtype=torch.float64, generator=random).requires_grad_()
    (found,) = torch.autograd.grad(part(logits, torch.zeros(6, 5)), logits)
    others = [number for number in range(len(OPERATIONS)) if number != SKIP]
    assert (found[:, SKIP] > 0).all() and (found[:, others] < 0).all()
    share = logits.detach().softmax(-1)[:, SKIP]
    torch.testing.assert_close(found[:, SKIP], 0.01 * share * (1 - share) / 6)


def test_shares_are_of_what_is_allowed() -> None:
    allowed = EVERYTHING.clone()
    part = IdentityMapping(weight=1.0, skip=SKIP, allowed=allowed)
    allowed[:, 0] = False
    assert float(part(torch.zeros(6, 5), torch.zeros(6, 5))) == pytest.approx(0.25)
    allowed[:3, SKIP] = False
    assert float(part(torch.zeros(6, 5), torch.zeros(6, 5))) == pytest.approx(0.125)
