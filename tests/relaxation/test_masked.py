"""A mask over a relaxation: β and its gradient are zero where it rules out, the rest is alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from naslib_edd.relaxation import Gumbel, Masked, Relaxation, SnSoftmax, Softmax

T = torch.tensor(0.3, dtype=torch.float64)


def logits_and_mask() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 5, dtype=torch.float64, generator=random)
    allowed = torch.rand(6, 5, generator=random) > 0.4
    allowed[:, 2] = True
    return logits, allowed


@pytest.mark.parametrize("inner", [Softmax(), SnSoftmax(s="unit"), SnSoftmax(s=7.0)])
def test_each_row_is_the_relaxation_of_what_is_left(inner: Relaxation) -> None:
    logits, allowed = logits_and_mask()
    leaf = logits.clone().requires_grad_()
    beta = Masked(relaxation=inner, allowed=allowed)(leaf, T)
    weight = torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (grad,) = torch.autograd.grad(beta, leaf, weight)
    for row in range(6):
        keep = allowed[row]
        part = logits[row, keep].clone().requires_grad_()
        wanted = inner(part, T)
        (of_part,) = torch.autograd.grad(wanted, part, weight[row, keep])
        torch.testing.assert_close(beta[row, keep].detach(), wanted.detach())
        torch.testing.assert_close(grad[row, keep], of_part)
        assert not beta[row, ~keep].any() and not grad[row, ~keep].any()


@pytest.mark.parametrize("inner", [Softmax(), SnSoftmax(s="unit")])
def test_terms_add_up_to_the_gradient(inner: Relaxation) -> None:
    logits, allowed = logits_and_mask()
    leaf = logits.clone().requires_grad_()
    masked = Masked(relaxation=inner, allowed=allowed)
    weight = torch.ones_like(logits).cumsum(1)
    (grad,) = torch.autograd.grad(masked(leaf, T), leaf, weight)
    forward, noise = masked.gradient_terms(logits, T, weight)
    torch.testing.assert_close(forward + noise, grad)


def test_a_sample_is_never_of_what_is_ruled_out() -> None:
    logits, allowed = logits_and_mask()
    masked = Masked(relaxation=Gumbel(generator=torch.Generator().manual_seed(3)), allowed=allowed)
    assert masked.sampled
    drawn = sum(masked(logits, T) for _ in range(200))
    assert isinstance(drawn, Tensor)
    assert not drawn[~allowed].any() and drawn[allowed].all()
    assert masked.expected(logits, T)[~allowed].abs().sum() == 0


def test_the_mask_is_held_not_copied() -> None:
    logits, allowed = logits_and_mask()
    masked = Masked(relaxation=Softmax(), allowed=allowed)
    allowed[0] = torch.tensor([False, True, False, False, False])
    assert masked(logits, T)[0].tolist() == [0.0, 1.0, 0.0, 0.0, 0.0]
