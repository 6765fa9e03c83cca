"""First-order steps against a slow twin that calls ``backward`` and clips by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.bilevel import FirstOrder, Meters
from naslib_edd.relaxation import Relaxation, SnSoftmax, Softmax
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain, plain_twin_of

T = torch.tensor(0.02, dtype=torch.float64)
CLASSES, STEPS, CLIP = 3, 3, 0.3
CLIPS = ["off", "weights", "logits", "weights_and_logits", "each"]
RELAXATIONS: dict[str, Relaxation] = {"softmax": Softmax(), "sn_softmax": SnSoftmax()}


def beta_of(relaxation: str, logits: Tensor) -> Tensor:
    """β by autograd's own means: sn-softmax's second term has the value 0 and eq. 8's gradient."""
    beta = torch.softmax(logits / T, -1)
    if relaxation == "sn_softmax":
        noisy = torch.softmax(logits, -1)
        beta = beta + noisy - noisy.detach()
    return beta


def clip_by_hand(tensors: Iterable[Tensor]) -> None:
    """One norm over all; gradients that are longer than CLIP are cut to it."""
    gradients = [tensor.grad for tensor in tensors if tensor.grad is not None]
    norm = torch.sqrt(sum((gradient**2).sum() for gradient in gradients))
    for gradient in gradients:
        gradient *= min(1.0, CLIP / (float(norm) + 1e-6))


def batches() -> list[tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]]:
    generator = torch.Generator().manual_seed(5)

    def batch() -> tuple[Tensor, Tensor]:
        images = torch.randn(4, 3, 8, 8, generator=generator, dtype=torch.float64)
        return images, torch.randint(CLASSES, (4,), generator=generator)

    return [(batch(), batch()) for _ in range(STEPS)]


@dataclass
class Parts:
    """A supernet, its logits, and their optimizers, always the same at the start."""

    supernet: PlainSupernet | FastSupernet
    logits: Tensor
    weight_optimizer: torch.optim.Optimizer
    logit_optimizer: torch.optim.Optimizer


def parts(engine: str = "plain", arch_lr: float = 3e-3) -> Parts:
    torch.manual_seed(0)
    supernet: PlainSupernet | FastSupernet
    supernet = PlainSupernet(channels=2, cells=1, classes=CLASSES).double()
    logits = (0.01 * torch.randn(6, 5, dtype=torch.float64)).requires_grad_()
    if engine == "fast":
        empty = FastSupernet(channels=2, cells=1, classes=CLASSES).double()
        supernet = copy_from_plain(empty, supernet)
    return Parts(
        supernet,
        logits,
        torch.optim.SGD(
            supernet.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
        ),
        torch.optim.Adam([logits], lr=arch_lr, betas=(0.5, 0.999), weight_decay=1e-3),
    )


def slow_run(*, order: str, clip: str, stale: bool, relaxation: str) -> Parts:
    """The twin. Gradients pile up as in NB201's code, where no optimizer clears them."""
    p = parts()
    weights = list(p.supernet.parameters())

    def weight_step(batch: tuple[Tensor, Tensor]) -> None:
        p.weight_optimizer.zero_grad()
        if not stale:
            p.logits.grad = None
        images, labels = batch
        F.cross_entropy(p.supernet(images, beta_of(relaxation, p.logits)), labels).backward()
        if clip == "weights_and_logits":
            clip_by_hand([*weights, p.logits])
        elif clip in ("weights", "each"):
            clip_by_hand(weights)
        p.weight_optimizer.step()

    def logit_step(batch: tuple[Tensor, Tensor]) -> None:
        p.logit_optimizer.zero_grad()
        images, labels = batch
        F.cross_entropy(p.supernet(images, beta_of(relaxation, p.logits)), labels).backward()
        if clip in ("logits", "each"):
            clip_by_hand([p.logits])
        p.logit_optimizer.step()

    for train, val in batches():
        if order == "weights_first":
            weight_step(train)
            logit_step(val)
        else:
            logit_step(val)
            weight_step(train)
    return p


def our_run(engine: str, *, order: str, clip: str, stale: bool, relaxation: str) -> Parts:
    p = parts(engine)
    step = first_order(p, order=order, clip=clip, stale=stale, relaxation=relaxation)
    for train, val in batches():
        step.step(train, val, T)
    return p


def first_order(
    p: Parts, *, clip: Any, relaxation: str = "softmax", order: Any = "weights_first", stale=False
) -> FirstOrder:
    return FirstOrder(
        supernet=p.supernet,
        logits=p.logits,
        relaxation=RELAXATIONS[relaxation],
        weight_optimizer=p.weight_optimizer,
        logit_optimizer=p.logit_optimizer,
        order=order,
        clip=clip,
        grad_clip=CLIP,
        stale_logits=stale,
    )


def state(p: Parts) -> dict[str, Tensor]:
    plain = plain_twin_of(p.supernet) if isinstance(p.supernet, FastSupernet) else p.supernet
    return {"logits": p.logits.detach(), **plain.state_dict()}


@pytest.mark.parametrize("relaxation", RELAXATIONS)
@pytest.mark.parametrize("order", ["weights_first", "logits_first"])
@pytest.mark.parametrize(
    ("clip", "stale"), [*((clip, False) for clip in CLIPS), ("weights_and_logits", True)]
)
def test_equals_the_slow_twin(relaxation: str, order: str, clip: str, stale: bool) -> None:
    case = {"relaxation": relaxation, "order": order, "clip": clip, "stale": stale}
    wanted, start = state(slow_run(**case)), state(parts())
    for engine in ("plain", "fast"):
        found = state(our_run(engine, **case))
        assert found.keys() == wanted.keys()
        for name, tensor in wanted.items():
            torch.testing.assert_close(found[name], tensor, rtol=1e-9, atol=1e-10, msg=name)
    assert all(not torch.equal(wanted[name], start[name]) for name in wanted)


def test_every_setting_changes_the_run() -> None:
    # Else the twin would agree about settings that do nothing, such as a clip that never bites.
    default = {"relaxation": "sn_softmax", "order": "weights_first", "clip": "off", "stale": False}
    runs = [default, {**default, "relaxation": "softmax"}, {**default, "order": "logits_first"}]
    runs += [{**default, "clip": clip} for clip in CLIPS[1:]]
    runs += [{**default, "clip": "weights_and_logits", "stale": True}]
    ends = [state(our_run("plain", **case))["head.linear.weight"] for case in runs]
    for number, end in enumerate(ends):
        assert all((end - other).abs().max() > 1e-7 for other in ends[:number]), runs[number]


class Listening(torch.nn.Module):
    """A supernet that notes whether it was given a β that wants a gradient."""

    def __init__(self, supernet: torch.nn.Module) -> None:
        super().__init__()
        self.supernet = supernet
        self.heard: list[bool] = []

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        self.heard.append(weights.requires_grad)
        return self.supernet(x, weights)


@pytest.mark.parametrize("clip", ["off", "weights", "logits", "each"])
def test_no_gradient_that_is_not_used(clip: str) -> None:
    p = parts()
    p.supernet = Listening(p.supernet)  # type: ignore[assignment]
    step = first_order(p, clip=clip)
    (train, val), *_ = batches()
    left = torch.randn_like(p.logits)
    p.logits.grad = left
    before = left.clone()
    step.step_weights(train, T)
    assert p.logits.grad is left and torch.equal(left, before)
    assert p.supernet.heard == [False]  # type: ignore[attr-defined]
    for parameter in p.supernet.parameters():
        assert parameter.grad is not None
        parameter.grad = None
    start = {name: tensor.clone() for name, tensor in p.supernet.named_parameters()}
    step.step_logits(train, val, T)
    assert all(parameter.grad is None for parameter in p.supernet.parameters())
    assert all(torch.equal(tensor, start[name]) for name, tensor in p.supernet.named_parameters())


def test_joint_clip_needs_both() -> None:
    p = parts()
    step = first_order(p, clip="weights_and_logits", stale=True)
    (train, val), *_ = batches()
    logits = p.logits.detach().clone()
    step.step_weights(train, T)
    assert p.logits.grad is not None and torch.equal(p.logits, logits)
    both = [*p.supernet.parameters(), p.logits]
    norm = torch.sqrt(sum((tensor.grad**2).sum() for tensor in both))
    assert float(norm) == pytest.approx(CLIP, rel=1e-5)
    first = p.logits.grad.clone()
    step.step_logits(train, val, T)
    assert not torch.equal(p.logits.grad, first)


def test_meters_hear_every_step() -> None:
    p = parts(arch_lr=1e-12)
    meters = Meters(device=torch.device("cpu"))
    step = first_order(p, clip="off", relaxation="sn_softmax")
    step.meters = meters
    (train, val), *_ = batches()
    with torch.no_grad():
        scores = p.supernet(train[0], torch.softmax(p.logits / T, -1))
    wanted_loss = float(F.cross_entropy(scores, train[1]))
    wanted_acc = 100 * float((scores.argmax(1) == train[1]).double().mean())
    step.step(train, val, T)
    assert meters.steps == 1
    means = meters.means()
    assert means["train_loss"] == pytest.approx(wanted_loss, rel=1e-12)
    assert means["train_acc"] == pytest.approx(wanted_acc)
    # The two terms, each by autograd on its own, at the weights after the weight step. (Adam has
    # moved the logits by 1e-12, and the norms were updated twice, which training does not see.)
    terms = []
    for relaxed in (torch.softmax(p.logits / T, -1), torch.softmax(p.logits, -1)):
        beta = torch.softmax(p.logits.detach() / T, -1) + relaxed - relaxed.detach()
        loss = F.cross_entropy(p.supernet(val[0], beta), val[1])
        terms += torch.autograd.grad(loss, p.logits)
    forward, noise = terms
    assert means["val_loss"] == pytest.approx(float(loss.detach()), rel=1e-8)
    assert means["forward_norm"] == pytest.approx(float(forward.norm()), rel=1e-6)
    assert means["noise_norm"] == pytest.approx(float(noise.norm()), rel=1e-6)
    opposite = forward * noise < 0
    assert means["opposite_entries"] == pytest.approx(float(opposite.double().mean()))
    assert means["opposite_steps"] == float(opposite.any())
