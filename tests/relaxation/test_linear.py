"""Linear weights: 1/M + A, and their shares."""

from __future__ import annotations

import torch

from naslib_edd.relaxation import Linear, Masked

T = torch.tensor(1.0, dtype=torch.float64)


def test_starts_at_equal_shares_and_moves_with_the_logits() -> None:
    logits = torch.zeros(2, 5, dtype=torch.float64)
    logits[0, 1], logits[1, 3] = 0.3, -0.2
    beta = Linear()(logits, T)
    assert beta[0].tolist() == [0.2, 0.5, 0.2, 0.2, 0.2] and beta[1, 3] == 0
    shares = Linear().expected(logits, T)
    torch.testing.assert_close(shares[0], beta[0] / 1.3)
    torch.testing.assert_close(shares.sum(-1), torch.ones(2, dtype=torch.float64))


def test_a_row_of_zeros_has_equal_shares_of_what_is_allowed() -> None:
    logits = torch.full((1, 5), -0.2, dtype=torch.float64)
    assert Linear().expected(logits, T).tolist() == [[0.2] * 5]
    allowed = torch.tensor([[False, True, True, True, True]])
    masked = Masked(relaxation=Linear(), allowed=allowed)
    assert masked.expected(logits, T).tolist() == [[0, 0.25, 0.25, 0.25, 0.25]]


def test_gradient_is_beta_s() -> None:
    logits = torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    allowed = logits > -1
    allowed[:, 0] = True
    masked = Masked(relaxation=Linear(), allowed=allowed)
    leaf, grad = logits.clone().requires_grad_(), logits.cos()
    beta = masked(leaf, T)
    (found,) = torch.autograd.grad(beta, leaf, grad)
    assert not beta[~allowed].any()
    assert torch.equal(found, grad.masked_fill(~allowed, 0.0))
    assert torch.equal(masked.gradient_terms(logits, T, grad)[0], found)
