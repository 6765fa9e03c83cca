"""Probabilities as edge weights: their values, and that their gradient is handed on as it is."""

from __future__ import annotations

import torch

from naslib_edd.relaxation import EdgeWeights, Masked, Simplex, SimplexEdgeWeights, Softmax

TARGETS = [1, 2, 2, 3, 3, 3]


def draw(columns: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(6, columns, generator=generator, dtype=torch.float64)


def test_beta_is_the_distribution_and_the_gradient_goes_straight_through() -> None:
    logits, grad = draw(5).requires_grad_(), draw(5, 1)
    for t in (1.0, 0.01):  # it knows no temperature
        beta = Simplex()(logits, torch.tensor(t))
        torch.testing.assert_close(beta, torch.softmax(logits, -1))
        (found,) = torch.autograd.grad(beta, logits, grad)
        assert torch.equal(found, grad)
    assert torch.equal(Simplex().expected(logits, torch.tensor(1.0)), beta)
    forward, noise = Simplex().gradient_terms(logits, torch.tensor(1.0), grad)
    assert torch.equal(forward, grad) and not noise.any()


def test_a_ruled_out_operation_has_no_weight_and_no_gradient() -> None:
    logits, grad, one = draw(5).requires_grad_(), draw(5, 1), torch.tensor(1.0)
    allowed = torch.ones(6, 5, dtype=torch.bool)
    allowed[:, 0] = allowed[2, 3] = False
    beta = Masked(relaxation=Simplex(), allowed=allowed)(logits, one)
    (found,) = torch.autograd.grad(beta, logits, grad)
    torch.testing.assert_close(beta.sum(-1), torch.ones(6, dtype=torch.float64))
    assert not beta[~allowed].any() and not found[~allowed].any()
    assert torch.equal(found[allowed], grad[allowed])
    direct = logits.detach().masked_fill(~allowed, -torch.inf).requires_grad_()
    (of_direct,) = torch.autograd.grad(Simplex()(direct, one), direct, grad)
    terms = Simplex().gradient_terms(direct, one, grad)
    assert torch.equal(of_direct, found) and torch.equal(terms[0], found)


def test_edge_weights_are_a_simplex_a_node() -> None:
    logits, grad, one = draw(6).requires_grad_(), draw(6, 1), torch.tensor(1.0)
    ours = SimplexEdgeWeights(operations=Simplex(), targets=TARGETS)
    beta = ours(logits, one)
    softmax = EdgeWeights(operations=Softmax(), targets=TARGETS)
    torch.testing.assert_close(beta, softmax(logits, one))  # PC-DARTS' values
    (found,) = torch.autograd.grad(beta, logits, grad)
    assert torch.equal(found, grad)
    forward, noise = ours.gradient_terms(logits, one, grad)
    assert torch.equal(forward, grad) and not noise.any()
    assert ours.same_node.sum().item() == 1 + 4 + 9
