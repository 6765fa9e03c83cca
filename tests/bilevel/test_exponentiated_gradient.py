"""Steps on the simplex, against GAEA's own and by hand; masks, edge weights, resumption."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from naslib_edd.bilevel import ExponentiatedGradient
from naslib_edd.relaxation import EdgeWeights, Masked, Simplex, SimplexEdgeWeights
from naslib_edd.spaces.nb201.encoding import EDGES

GOLDEN = Path(__file__).parents[1] / "golden" / "gaea.npz"
ONE = torch.tensor(1.0)
TARGETS = [target for _, target in EDGES]


@pytest.mark.parametrize("run", ["plain", "edges", "entropic"])
def test_the_release_s_probabilities(run: str) -> None:
    golden = np.load(GOLDEN)
    columns = 6 if run == "edges" else 5
    logits = torch.zeros(6, columns, requires_grad=True)
    relaxation = Simplex() if run != "edges" else with_edges()
    optimizer = ExponentiatedGradient(
        logits,
        lr=float(golden["lr"]),
        entropy=float(golden["entropy"]) if run == "entropic" else 0.0,
        same_node=getattr(relaxation, "same_node", None),
        edge_lr=float(golden["edge_lr"]),
    )
    for number, gradient in enumerate(torch.from_numpy(golden["gradients"])):
        beta = relaxation(logits, ONE)
        (logits.grad,) = torch.autograd.grad(beta, logits, gradient[:, :columns])
        optimizer.step()
        found = relaxation(logits, ONE).detach().numpy()
        np.testing.assert_allclose(found, golden[run][number, :, :columns], rtol=2e-4, atol=1e-12)
    assert golden[run][..., :5].min() < 1e-5  # the clamp has acted


def with_edges() -> SimplexEdgeWeights:
    return SimplexEdgeWeights(operations=Simplex(), targets=TARGETS)


def test_one_step_by_hand() -> None:
    p = torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64)
    logits = p.log().requires_grad_()
    logits.grad = torch.tensor([[1.0, -2.0, 500.0]], dtype=torch.float64)
    ExponentiatedGradient(logits, lr=0.1).step()
    wanted = torch.tensor([[0.5 * np.exp(-0.1), 0.3 * np.exp(0.2), 1e-5]], dtype=torch.float64)
    torch.testing.assert_close(logits.detach().exp(), wanted / wanted.sum())


def test_ruled_out_operations_take_no_part_and_stay_finite() -> None:
    allowed = torch.ones(6, 5, dtype=torch.bool)
    allowed[:, 0] = False
    full = torch.zeros(6, 5, requires_grad=True)
    small = torch.zeros(6, 4, requires_grad=True)
    relaxation = Masked(relaxation=Simplex(), allowed=allowed)
    ours = ExponentiatedGradient(full, lr=0.1, entropy=0.2, allowed=allowed)
    without = ExponentiatedGradient(small, lr=0.1, entropy=0.2)
    generator = torch.Generator().manual_seed(2)
    for _ in range(5):
        gradient = 3 * torch.randn(6, 5, generator=generator)
        (full.grad,) = torch.autograd.grad(relaxation(full, ONE), full, gradient)
        assert (full.grad[:, 0] == 0).all()
        small.grad = gradient[:, 1:].clone()
        ours.step()
        without.step()
        beta = relaxation(full, ONE)
        torch.testing.assert_close(beta[:, 1:], torch.softmax(small, -1))
        assert (beta[:, 0] == 0).all() and torch.isfinite(full).all()
    assert (full[:, 0] < full[:, 1:].max(-1).values).all()
    # An operation ruled out later leaves its share to the others.
    allowed[0, 1] = False
    (full.grad,) = torch.autograd.grad(relaxation(full, ONE), full, torch.ones(6, 5))
    ours.step()
    assert relaxation(full, ONE)[0, 1] == 0 and torch.isfinite(full).all()
    torch.testing.assert_close(relaxation(full, ONE).sum(-1), torch.ones(6))


@pytest.mark.parametrize("decay", [0.0, 1e-3])
def test_adam_keeps_masked_logits_finite(decay: float) -> None:
    from naslib_edd.relaxation import Softmax

    allowed = torch.ones(6, 5, dtype=torch.bool)
    allowed[:, 0] = False
    start = 1e-3 * torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    logits = start.clone().requires_grad_()
    adam = torch.optim.Adam([logits], lr=3e-2, betas=(0.5, 0.999), weight_decay=decay)
    relaxation = Masked(relaxation=Softmax(), allowed=allowed)
    for _ in range(20):
        (logits.grad,) = torch.autograd.grad(relaxation(logits, ONE)[:, 1].sum(), logits)
        adam.step()
    assert torch.isfinite(logits).all()
    assert torch.equal(logits[:, 0], start[:, 0]) is (decay == 0)
    assert (relaxation(logits, ONE)[:, 0] == 0).all()


def test_edge_weights_need_no_floor() -> None:
    logits = torch.zeros(6, 6, requires_grad=True)
    relaxation = with_edges()
    optimizer = ExponentiatedGradient(logits, lr=0.1, same_node=relaxation.same_node, edge_lr=1.0)
    for _ in range(3):
        logits.grad = torch.zeros(6, 6)
        logits.grad[1, -1] = 500.0
        optimizer.step()
    assert torch.isfinite(logits).all()
    edges = relaxation(logits, ONE)[:, -1]
    torch.testing.assert_close(edges, torch.tensor([1, 0, 1, 1 / 3, 1 / 3, 1 / 3]))
    assert isinstance(relaxation, EdgeWeights)


def test_its_state_goes_through_a_state_dict() -> None:
    def optimizer(lr: float) -> tuple[Tensor, ExponentiatedGradient]:
        logits = torch.zeros(2, 3, requires_grad=True)
        return logits, ExponentiatedGradient(logits, lr=lr)

    _, one = optimizer(0.3)
    logits, other = optimizer(0.1)
    other.load_state_dict(one.state_dict())
    logits.grad = torch.tensor([[1.0, 0, 0], [0, 0, 0]])
    assert other.step(lambda: 1.5) == 1.5
    wanted = torch.tensor([[np.exp(-0.3), 1, 1], [1, 1, 1]]).float()
    torch.testing.assert_close(logits.detach().exp(), wanted / wanted.sum(-1, keepdim=True))
    logits.grad = None
    assert other.step() is None
