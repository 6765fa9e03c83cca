"""The entropy penalty (DARTS-AER): by hand, by its schedule, and by what it does to logits."""

from __future__ import annotations

import math

import pytest
import torch

from naslib_edd.bilevel.regularisers.entropy_penalty import EntropyPenalty
from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_regularisers
from naslib_edd.errors import UserError

ALL = torch.ones(6, 5, dtype=torch.bool)


def test_bits_by_hand() -> None:
    penalty = EntropyPenalty(weight=0.2, epochs=4, allowed=ALL)
    logits = torch.zeros(6, 5, dtype=torch.float64)
    logits[:3] = torch.tensor([0.5, 0.25, 0.125, 0.0625, 0.0625]).log()
    # Half of the edges have 1.875 bits, the others log2(5).
    mean = (1.875 + math.log2(5)) / 2
    assert float(penalty(logits, logits.softmax(-1))) == pytest.approx(-0.2 * mean)
    penalty.begin_epoch(4)
    assert float(penalty(logits, logits.softmax(-1))) == pytest.approx(0.2 * mean)


def test_the_schedule_is_the_releases() -> None:
    penalty = EntropyPenalty(weight=0.2, epochs=50, allowed=ALL)
    for epoch in range(50):
        penalty.begin_epoch(epoch)
        wanted = 0.2 + (-0.2 - 0.2) * (1 + math.cos(math.pi * epoch / 50)) / 2
        assert penalty.weight == pytest.approx(wanted, abs=1e-15)
    penalty.begin_epoch(25)
    assert penalty.weight == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(("epoch", "sign"), [(0, 1), (9, -1)])
def test_entropy_rises_at_first_and_falls_later(epoch: int, sign: int) -> None:
    torch.manual_seed(0)
    allowed = ALL.clone()
    allowed[:, 0] = False
    penalty = EntropyPenalty(weight=0.2, epochs=10, allowed=allowed)
    penalty.begin_epoch(epoch)
    logits = torch.randn(6, 5).requires_grad_()

    def entropy() -> float:
        return float(torch.special.entr(logits.detach()[:, 1:].softmax(-1)).sum())

    before = entropy()
    penalty(logits, logits).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert not logits.grad[:, 0].any()
    with torch.no_grad():
        logits -= 0.5 * logits.grad
    assert sign * (entropy() - before) > 0


def test_a_config_has_it_and_refuses_it_where_it_means_nothing() -> None:
    search = load({"optimizer": "darts_aer"}).search
    (found,) = make_regularisers(search, allowed=ALL, skip=1)
    assert isinstance(found, EntropyPenalty) and found.last == 0.2 and found.epochs == 50
    with pytest.raises(UserError, match=r"entropy_penalty does not go with search\.relaxation: l"):
        load({"optimizer": "sparse_nas", "search": {"entropy_penalty": 0.1}})
