"""Edge weights: a softmax over the edges of each node, beside the operations'."""

from __future__ import annotations

import pytest
import torch

from naslib_edd.relaxation import EdgeWeights, SnSoftmax, Softmax

#: Node 2 has one edge, node 3 two, node 4 three; in NASLib's order.
TARGETS = [2, 3, 4, 3, 4, 4]


@pytest.mark.parametrize("operations", [Softmax(), SnSoftmax(s="unit")])
def test_against_a_softmax_for_each_node(operations: Softmax | SnSoftmax) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    grad = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    t = torch.tensor(0.2, dtype=torch.float64)
    relaxation = EdgeWeights(operations=operations, targets=TARGETS)
    beta = relaxation(logits, t)

    last = torch.zeros(6, dtype=torch.float64)
    for node in set(TARGETS):
        rows = [row for row, target in enumerate(TARGETS) if target == node]
        last = last.index_put((torch.tensor(rows),), torch.softmax(logits[rows, -1], 0))
    wanted = torch.cat([operations(logits[:, :-1], t), last[:, None]], dim=1)
    torch.testing.assert_close(beta, wanted, rtol=1e-12, atol=1e-14)
    (found,) = torch.autograd.grad(beta, logits, grad)
    (expected,) = torch.autograd.grad(wanted, logits, grad)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)

    forward, noise = relaxation.gradient_terms(logits.detach(), t, grad)
    torch.testing.assert_close(forward + noise, expected, rtol=1e-10, atol=1e-12)
    assert (noise[:, -1] == 0).all()
    assert found[0, -1].abs() < 1e-15  # one edge alone has nothing to weigh


def test_equal_names_in_two_cells_are_two_nodes() -> None:
    relaxation = EdgeWeights(operations=Softmax(), targets=[("a", 3), ("b", 3)])
    beta = relaxation(torch.randn(2, 4), torch.tensor(1.0))
    assert beta[:, -1].tolist() == [1.0, 1.0]


def test_another_relaxation_of_the_edges() -> None:
    """Its backward pass, and its gradient terms, hold for the last column too."""
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(6, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    grad = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    t = torch.tensor(0.3, dtype=torch.float64)
    edges = SnSoftmax(s=10.0)
    relaxation = EdgeWeights(operations=Softmax(), targets=TARGETS, edges=edges)
    beta = relaxation(logits, t)
    (found,) = torch.autograd.grad(beta, logits, grad)
    one = torch.ones((), dtype=torch.float64)
    for node in set(TARGETS):
        rows = [row for row, target in enumerate(TARGETS) if target == node]
        column = logits[rows, -1].detach().requires_grad_()
        weights = edges(column, one)
        torch.testing.assert_close(beta[rows, -1], weights, rtol=1e-12, atol=1e-14)
        (wanted,) = torch.autograd.grad(weights, column, grad[rows, -1])
        torch.testing.assert_close(found[rows, -1], wanted, rtol=1e-10, atol=1e-12)
    forward, noise = relaxation.gradient_terms(logits.detach(), t, grad)
    torch.testing.assert_close(forward + noise, found, rtol=1e-10, atol=1e-12)
    assert noise[1:, -1].any() and not noise[:, :-1].any()


def test_logits_that_are_log_probabilities_are_their_weights() -> None:
    """GAEA's logits: exp of them sums to 1 over the edges of each node, and softmax keeps it."""
    logits = torch.log(torch.tensor([1.0, 0.3, 0.2, 0.7, 0.5, 0.3], dtype=torch.float64))
    columns = torch.cat([torch.zeros(6, 5, dtype=torch.float64), logits[:, None]], 1)
    relaxation = EdgeWeights(operations=Softmax(), targets=TARGETS)
    torch.testing.assert_close(relaxation.edge_weights(columns), logits.exp())
