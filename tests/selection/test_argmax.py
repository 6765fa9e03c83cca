"""Discretising: the largest logit of each edge, never of a rounded β."""

from __future__ import annotations

import torch

from naslib_edd.selection import argmax_ops


def test_largest_logit_of_each_edge() -> None:
    logits = torch.eye(6, 5) - 0.5 * torch.eye(6, 5).roll(1, 1)
    logits[5] = torch.tensor([-3.0, -2.0, -1.0, -0.5, -4.0])
    ops = argmax_ops(logits.requires_grad_())
    assert ops == (0, 1, 2, 3, 4, 3)
    assert all(type(op) is int for op in ops)


def test_none_may_win() -> None:
    logits = torch.zeros(6, 5)
    logits[:, 0] = 1e-3
    assert argmax_ops(logits) == (0,) * 6


def test_ties_give_the_first() -> None:
    assert argmax_ops(torch.tensor([[0.0, 2.0, 2.0, 1.0, 2.0]])) == (1,)
    assert argmax_ops(torch.zeros(6, 5)) == (0,) * 6


def test_logits_decide_where_beta_ties() -> None:
    # fp32 keeps the logits apart, but their softmax rounds to .2 everywhere.
    logits = torch.tensor([[1e-9, 2e-9, 5e-9, 3e-9, 4e-9]] * 6)
    beta = torch.softmax(logits, -1)
    assert (beta == beta[0, 0]).all()
    assert argmax_ops(logits) == (2,) * 6


def test_no_logit_of_an_edge_is_larger() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 5, generator=generator)
    for edge, op in enumerate(argmax_ops(logits)):
        assert all(logits[edge, op] >= value for value in logits[edge])
