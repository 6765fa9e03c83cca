"""ReinMax: against the exact gradient of an expectation, and against its definition."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from naslib_edd.relaxation import ReinMax
from naslib_edd.relaxation.softmax import softmax_vjp

ONE = torch.tensor(1.0, dtype=torch.float64)


class Fixed(ReinMax):
    """Samples that are given."""

    def __init__(self, sample: Tensor) -> None:
        super().__init__(generator=torch.Generator())
        self.given = sample

    def draw(self, logits: Tensor) -> Tensor:
        return self.given


def _mean_gradient(logits: Tensor, loss: object, t: Tensor) -> Tensor:
    """The estimator's mean over all samples of two edges, each with its probability."""
    edges, operations = logits.shape
    total = torch.zeros_like(logits)
    for ops in itertools.product(range(operations), repeat=edges):
        sample = torch.nn.functional.one_hot(torch.tensor(ops), operations).to(logits)
        leaf = logits.clone().requires_grad_()
        beta = Fixed(sample)(leaf, t)
        assert torch.equal(beta.detach(), sample)
        (gradient,) = torch.autograd.grad(loss(beta), leaf)  # type: ignore[operator]
        total += (logits.softmax(-1) * sample).sum(-1).prod() * gradient
    return total


def test_its_mean_is_the_exact_gradient_of_a_quadratic() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 4, dtype=torch.float64)
    matrix = torch.randn(2, 4, 4, dtype=torch.float64)
    linear = torch.randn(2, 4, dtype=torch.float64)

    def loss(beta: Tensor) -> Tensor:
        return torch.einsum("ei,eij,ej->", beta, matrix, beta) + (linear * beta).sum()

    # E[l(D)], for each edge's row of D is one of the unit vectors.
    leaf = logits.clone().requires_grad_()
    mean = (leaf.softmax(-1) * (matrix.diagonal(dim1=1, dim2=2) + linear)).sum()
    (exact,) = torch.autograd.grad(mean, leaf)
    torch.testing.assert_close(_mean_gradient(logits, loss, ONE), exact, rtol=1e-9, atol=1e-11)
    # The usual straight-through gradient is not.
    usual = torch.zeros_like(logits)
    for ops in itertools.product(range(4), repeat=2):
        sample = torch.nn.functional.one_hot(torch.tensor(ops), 4).to(logits).requires_grad_()
        (g,) = torch.autograd.grad(loss(sample), sample)
        chance = (logits.softmax(-1) * sample.detach()).sum(-1).prod()
        usual += chance * softmax_vjp(logits.softmax(-1), g)
    assert (usual - exact).abs().max() > 1e-2


@pytest.mark.parametrize("t", [0.5, 1.0, 3.0])
def test_its_gradient_is_that_of_the_papers_algorithm(t: float) -> None:
    """By autograd through the paper's pi_1, written with a stopped gradient."""
    torch.manual_seed(1)
    logits = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    g, tau = torch.randn(6, 5, dtype=torch.float64), torch.tensor(t, dtype=torch.float64)
    relaxation = ReinMax(generator=torch.Generator().manual_seed(2))
    beta = relaxation(logits, tau)
    (found,) = torch.autograd.grad(beta, logits, g)
    d, p = beta.detach(), logits.softmax(-1)
    middle = ((logits / tau).softmax(-1) + d) / 2
    shifted = ((middle.log() - logits).detach() + logits).softmax(-1)
    (wanted,) = torch.autograd.grad(2 * shifted - 0.5 * p, logits, g)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)
    terms = relaxation.gradient_terms(logits.detach(), tau, g)
    torch.testing.assert_close(terms[0], wanted, rtol=1e-9, atol=1e-12)
    assert not terms[1].any()


def test_samples_follow_softmax_and_a_mask_rules_out() -> None:
    logits = torch.tensor([[0.0, 1.0, -torch.inf, 2.0]]).repeat(20_000, 1).requires_grad_()
    relaxation = ReinMax(generator=torch.Generator().manual_seed(0))
    beta = relaxation(logits, torch.tensor(1.0))
    assert torch.equal(beta.detach().sum(-1), torch.ones(20_000))
    wanted = logits[0].detach().softmax(-1)
    torch.testing.assert_close(beta.detach().mean(0), wanted, rtol=0, atol=0.015)
    (gradient,) = torch.autograd.grad(beta, logits, torch.randn_like(logits))
    assert torch.isfinite(gradient).all() and not gradient[:, 2].any()
    assert torch.equal(relaxation.quiet(logits, torch.tensor(1.0))[0], torch.eye(4)[3])
    assert not relaxation.sampled
    again = ReinMax(generator=torch.Generator())
    again.load_state_dict(relaxation.state_dict())
    one = torch.tensor(1.0)
    assert torch.equal(again(logits, one), relaxation(logits, one))
