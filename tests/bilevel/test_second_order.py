"""The unrolled gradient: against NB201's release, against double differentiation, by its parts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.bilevel import FirstOrder, SecondOrder
from naslib_edd.relaxation import Gumbel, Relaxation, SnSoftmax, Softmax
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain
from naslib_edd.supernet.drop_path import DropPath

ONE = torch.tensor(1.0, dtype=torch.float64)
Batch = tuple[Tensor, Tensor]


def batch(seed: int, classes: int = 3) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(4, 3, 8, 8, generator=generator, dtype=torch.float64)
    return images, torch.randint(classes, (4,), generator=generator)


def make(
    engine: str = "plain",
    relaxation: Relaxation | None = None,
    kind: type[FirstOrder] = SecondOrder,
    **options: Any,
) -> FirstOrder:
    torch.manual_seed(0)
    supernet: PlainSupernet | FastSupernet
    supernet = PlainSupernet(channels=2, cells=1, classes=3).double()
    logits = (0.01 * torch.randn(6, 5, dtype=torch.float64)).requires_grad_()
    if engine == "fast":
        supernet = copy_from_plain(FastSupernet(channels=2, cells=1, classes=3).double(), supernet)
    return kind(
        supernet=supernet,
        logits=logits,
        relaxation=relaxation or Softmax(),
        weight_optimizer=torch.optim.SGD(
            supernet.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
        ),
        logit_optimizer=torch.optim.Adam([logits], lr=0.01),
        **options,
    )


def gradient(step: FirstOrder, beta: Tensor, train: Batch, val: Batch) -> Tensor:
    return step.gradient_of_beta(beta.detach().requires_grad_(), train, val)


def by_hand(step: FirstOrder, beta: Tensor, train: Batch, val: Batch) -> Tensor:
    """d l_val(w'(β), β)/dβ by differentiating through the virtual step itself."""
    from torch.func import functional_call

    beta = beta.detach().requires_grad_()
    group = step.weight_optimizer.param_groups[0]
    names = [name for name, _ in step.supernet.named_parameters()]
    weights = dict(step.supernet.named_parameters())
    loss = F.cross_entropy(functional_call(step.supernet, weights, (train[0], beta)), train[1])
    gradients = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
    ahead = {}
    for name, g in zip(names, gradients, strict=True):
        w = weights[name].detach()
        state = step.weight_optimizer.state.get(weights[name], {})
        moved = g + group["weight_decay"] * w + 0.9 * state.get("momentum_buffer", 0.0)
        ahead[name] = w - group["lr"] * moved
    loss = F.cross_entropy(functional_call(step.supernet, ahead, (val[0], beta)), val[1])
    (found,) = torch.autograd.grad(loss, beta)
    return found


def test_exact_is_the_derivative_through_the_virtual_step() -> None:
    train, val = batch(1), batch(2)
    beta = torch.softmax(torch.randn(6, 5, generator=torch.Generator().manual_seed(4)), -1).double()
    exact = make(hessian="exact")
    exact.step_weights(train, ONE)  # so that there is a momentum buffer
    wanted = by_hand(exact, beta, train, val)
    found = gradient(exact, beta, train, val)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)
    # Small enough to cross no kink of a ReLU, at which ∂l/∂β jumps.
    near = make(radius=1e-5)
    near.step_weights(train, ONE)
    error = (gradient(near, beta, train, val) - wanted).abs().max()
    first = make(kind=FirstOrder)
    first.step_weights(train, ONE)
    gap = (gradient(first, beta, train, val) - wanted).abs().max()
    assert error < 1e-7 < 0.1 < gap  # the second order is there, and it is right


class Smooth(torch.nn.Module):
    """A stand-in supernet without kinks: six mixed edges of five scaled tanh units each."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        units = 0.1 * torch.randn(192, 30, generator=generator, dtype=torch.float64)
        self.units = torch.nn.Parameter(units)
        head = torch.randn(30, 3, generator=generator, dtype=torch.float64)
        self.head = torch.nn.Parameter(head)

    def forward(self, images: Tensor, beta: Tensor) -> Tensor:
        out: Tensor = (torch.tanh(images.flatten(1) @ self.units) * beta.flatten()) @ self.head
        return out


def test_the_difference_is_central_and_nears_the_exact_product() -> None:
    train, val = batch(1), batch(2)
    found = {}
    for hessian, radius in (
        ("exact", 1.0),
        ("finite_difference", 2e-2),
        ("finite_difference", 1e-2),
    ):
        supernet = Smooth()
        logits = torch.zeros(6, 5, dtype=torch.float64, requires_grad=True)
        step = SecondOrder(
            hessian=hessian,  # type: ignore[arg-type]
            radius=radius,
            supernet=supernet,
            logits=logits,
            relaxation=Softmax(),
            weight_optimizer=torch.optim.SGD(supernet.parameters(), lr=0.05, momentum=0.9),
            logit_optimizer=torch.optim.Adam([logits]),
        )
        step.step_weights(train, ONE)
        found[hessian, radius] = gradient(step, torch.full((6, 5), 0.2).double(), train, val)
    exact = found["exact", 1.0]
    wide, near = ((found["finite_difference", r] - exact).abs().max() for r in (2e-2, 1e-2))
    assert near < 1e-5 * exact.abs().max()
    assert wide / near == pytest.approx(4, rel=0.05)  # the error goes as r²


def test_fast_and_plain_agree_also_through_sn_softmax() -> None:
    train, val, t = batch(1), batch(2), torch.tensor(0.02, dtype=torch.float64)
    found = []
    for engine in ("plain", "fast"):
        step = make(engine, SnSoftmax(), order="logits_first")
        step.step_logits(train, val, t)
        assert step.logits.grad is not None
        found.append(step.logits.grad)
    torch.testing.assert_close(found[0], found[1], rtol=1e-7, atol=1e-9)


def test_sn_softmax_s_backward_takes_the_unrolled_gradient() -> None:
    train, val, t = batch(1), batch(2), torch.tensor(0.02, dtype=torch.float64)
    step = make(relaxation=SnSoftmax())
    beta = torch.softmax(step.logits.detach() / t, -1)
    of_beta = gradient(make(), beta, train, val)
    forward, noise = step.relaxation.gradient_terms(step.logits.detach(), t, of_beta)
    step.step_logits(train, val, t)
    torch.testing.assert_close(step.logits.grad, forward + noise, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_weights_are_bit_for_bit_what_they_were_and_statistics_saw_train_batches_only(
    engine: str,
) -> None:
    train, val = batch(1), batch(2)
    step = make(engine)
    before = [p.detach().clone() for p in step.supernet.parameters()]
    beta = torch.full((6, 5), 0.2, dtype=torch.float64)
    gradient(step, beta, train, val)
    assert all(torch.equal(a, b) for a, b in zip(before, step.supernet.parameters(), strict=True))
    assert all(p.grad is None and p.requires_grad for p in step.supernet.parameters())
    # The stem sees the images at w, and at w ± R·v: three updates of momentum .1, no val batch.
    norm, conv = step.supernet.stem.norm, step.supernet.stem.conv
    assert isinstance(conv.weight, Tensor)
    mean = conv(train[0]).mean((0, 2, 3)).detach()
    assert norm.running_mean == pytest.approx((1 - 0.9**3) * mean, abs=2e-3)
    shifted = make(engine)
    gradient(shifted, beta, train, (val[0] + 5, val[1]))
    assert shifted.supernet.stem.norm.running_mean == pytest.approx(norm.running_mean, abs=2e-3)


def test_a_sample_leaves_weights_out_and_a_zero_direction_is_no_nan() -> None:
    train, val = batch(1), batch(2)
    step = make("fast", Gumbel(generator=torch.Generator().manual_seed(1)), sampled=True)
    step.step(train, val, ONE)
    assert step.logits.grad is not None and torch.isfinite(step.logits.grad).all()
    flat = make()
    with torch.no_grad():
        for parameter in flat.supernet.head.parameters():
            parameter.zero_()
    flat.weight_optimizer.param_groups[0]["lr"] = 0.0  # w' = w: no gradient below the head
    assert torch.isfinite(gradient(flat, torch.full((6, 5), 0.2).double(), train, val)).all()


def test_the_difference_is_taken_under_one_mask() -> None:
    """With drop path, both ends of the finite difference drop the same edges: a derivative."""
    step = make(hessian="finite_difference", radius=1e-5)
    exact = make(hessian="exact")
    found = []
    for kind in (step, exact):
        assert isinstance(kind, SecondOrder) and isinstance(kind.supernet, PlainSupernet)
        generator = torch.Generator().manual_seed(2)
        kind.supernet.drop_path = DropPath(largest=0.5, epochs=2, generator=generator)
        kind.supernet.drop_path.begin_epoch(1)
        beta = torch.softmax(kind.logits.detach(), -1)
        found.append(gradient(kind, beta, batch(1), batch(2)))
        # Drawn for w, for w' and for the product.
        state = generator.get_state()
        other = torch.Generator().manual_seed(2)
        for _ in range(3 * 3):
            torch.rand(6, 4, generator=other)
        assert torch.equal(state, other.get_state())
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-6)
