"""Adam with a proximal step, against torch's Adam and the operator by hand."""

from __future__ import annotations

import torch

from naslib_edd.bilevel.proximal import ProximalAdam
from naslib_edd.bilevel.regularisers.group_sparsity import sparse_group_prox
from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_relaxation
from naslib_edd.engine.build.bilevel import make_logit_optimizer


def test_each_step_is_adam_s_then_the_operator() -> None:
    random = torch.Generator().manual_seed(0)
    ours = torch.randn(6, 6, dtype=torch.float64, generator=random).requires_grad_()
    twin = ours.detach().clone().requires_grad_()
    options = {"lr": 0.05, "betas": (0.5, 0.999), "weight_decay": 1e-3}
    found = ProximalAdam([ours], l1=2.0, group=0.7, extra=1, **options)
    expected = torch.optim.Adam([twin], **options)  # type: ignore[arg-type]
    for _ in range(4):
        grad = torch.randn(6, 6, dtype=torch.float64, generator=random)
        ours.grad, twin.grad = grad.clone(), grad.clone()
        found.step()
        expected.step()
        with torch.no_grad():
            near = sparse_group_prox(twin[:, :5] + 0.2, l1=0.05 * 2.0, group=0.05 * 0.7)
            twin[:, :5] = near - 0.2
        torch.testing.assert_close(ours, twin)


def test_weights_without_a_gradient_die_and_others_live() -> None:
    search = load({"optimizer": "sparse_nas", "search": {"sparsity_l1": 0.5}}).search
    logits = torch.zeros(6, 5, requires_grad=True)
    optimizer = make_logit_optimizer(search, logits, make_relaxation(search))
    assert isinstance(optimizer, ProximalAdam)
    for _ in range(1500):
        logits.grad = torch.zeros(6, 5)
        logits.grad[:5, 0] = -1.0
        optimizer.step()
    weights = logits.detach() + 0.2
    assert (weights[:5, 0] > 0.25).all()
    assert weights[:, 1:].abs().max() < 1e-6 and weights[5].abs().max() < 1e-6


def test_nothing_moves_before_there_is_a_gradient() -> None:
    logits = torch.zeros(6, 5, requires_grad=True)
    ProximalAdam([logits], l1=1.0, group=1.0, lr=0.1).step()
    assert not logits.any()
