"""Single-level and Gibbs steps, and which images they see."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import tiny_settings
from torch import Tensor, nn

from naslib_edd.bilevel import FirstOrder, Gibbs, SingleLevel
from naslib_edd.config.loading import load
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import open_data
from naslib_edd.relaxation import Softmax

ONE = torch.tensor(1.0)
Batch = tuple[Tensor, Tensor]


class Linear(nn.Module):
    """A stand-in supernet: two class scores, linear in w and in β."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.full((4, 2), 0.1))

    def forward(self, images: Tensor, beta: Tensor) -> Tensor:
        out: Tensor = (images[:, :, None] * beta.flatten()[:4, None] * self.w).sum(1)
        return out


def batch(seed: int) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(5, 4, generator=generator), torch.randint(2, (5,), generator=generator)


def make(kind: type[FirstOrder], *, momentum: float = 0.0, **options: Any) -> FirstOrder:
    supernet, logits = Linear(), torch.tensor([[0.1, -0.1], [0.0, 0.2]], requires_grad=True)
    return kind(
        supernet=supernet,
        logits=logits,
        relaxation=Softmax(),
        weight_optimizer=torch.optim.SGD(supernet.parameters(), lr=0.1, momentum=momentum),
        logit_optimizer=torch.optim.SGD([logits], lr=0.2),
        clip="off",
        **options,
    )


def state(step: FirstOrder) -> list[Tensor]:
    return [step.logits.detach().clone(), *(p.detach().clone() for p in step.parameters)]


@pytest.mark.parametrize("same", [True, False])
def test_single_level_takes_its_own_or_the_weights_batch(same: bool) -> None:
    step, wanted = make(SingleLevel, same_batch=same), make(FirstOrder)
    for seed in (1, 3):
        step.step(batch(seed), batch(seed + 1), ONE)
        wanted.step(batch(seed), batch(seed if same else seed + 1), ONE)
    assert all(torch.equal(a, b) for a, b in zip(state(step), state(wanted), strict=True))
    assert step.meters.steps == 2


def test_gibbs_without_noise_is_alternating_descent() -> None:
    generator = torch.Generator().manual_seed(0)
    cold = make(Gibbs, temperature=0.0, generator=generator)
    plain = make(FirstOrder)
    for step in (cold, plain):
        step.step(batch(1), batch(2), ONE)
    assert all(torch.equal(a, b) for a, b in zip(state(cold), state(plain), strict=True))


def test_the_noise_has_langevin_s_scale() -> None:
    """A step of rate η moves by N(0, 2ηT) beside the descent: SGLD."""
    temperature, moved = 0.01, []
    plain = make(FirstOrder)
    plain.step_weights(batch(1), ONE)
    generator = torch.Generator().manual_seed(0)
    for _ in range(400):
        noisy = make(Gibbs, temperature=temperature, generator=generator)
        noisy.step_weights(batch(1), ONE)
        moved.append(noisy.parameters[0].detach() - plain.parameters[0].detach())
    noise = torch.stack(moved)
    wanted = math.sqrt(2 * 0.1 * temperature)
    assert float(noise.std()) == pytest.approx(wanted, rel=0.05)
    assert abs(float(noise.mean())) < 0.1 * wanted


def test_a_quadratic_is_sampled_at_its_temperature() -> None:
    """Var = T for the loss w²/2, with momentum, too: the noise fits the friction."""
    w = nn.Parameter(torch.zeros(2000))
    step = make(Gibbs, temperature=0.5, generator=torch.Generator().manual_seed(1))
    optimizer = torch.optim.SGD([w], lr=0.01, momentum=0.9)
    optimizer.register_step_pre_hook(step._noise())  # type: ignore[attr-defined]
    for _ in range(400):
        w.grad = w.detach().clone()
        optimizer.step()
    assert float(w.detach().var()) == pytest.approx(0.5, rel=0.1)


def test_the_generator_goes_through_a_state_dict() -> None:
    first, second = (
        make(Gibbs, temperature=0.1, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 2)
    )
    first.step(batch(1), batch(2), ONE)
    second.load_state_dict(first.state_dict())
    with torch.no_grad():
        for mine, theirs in zip(
            [second.logits, *second.parameters], [first.logits, *first.parameters], strict=True
        ):
            mine.copy_(theirs)
    for step in (first, second):
        step.step(batch(3), batch(4), ONE)
    assert all(torch.equal(a, b) for a, b in zip(state(first), state(second), strict=True))


@pytest.mark.search
@pytest.mark.parametrize("images", ["half", "all"])
def test_both_steps_see_training_images_and_all_of_them_if_asked(
    tmp_path: Path, images: str
) -> None:
    search = {"bilevel": "single_level", "train_images": images}
    config = load(tiny_settings(tmp_path, optimizer="darts_v1", search=search))
    data = open_data(config, torch.device("cpu"))
    assert (len(data.train), len(data.val)) == (96 if images == "all" else 48, 48)
    first = load(tiny_settings(tmp_path, optimizer="darts_v1"))
    halves = open_data(first, torch.device("cpu"))
    assert torch.equal(data.val.images, halves.val.images)
    wanted = [halves.train.images, halves.val.images] if images == "all" else [halves.train.images]
    assert sorted(data.train.images.flatten(1).double().sum(1).tolist()) == sorted(
        torch.cat(wanted).flatten(1).double().sum(1).tolist()
    )
    engine = Engine(config=config, data=data, device=torch.device("cpu"))
    assert engine.val.images is data.train and engine.train.images is data.train
    assert engine.val.replace and engine.steps == len(data.train) // 16
    bilevel = Engine(config=first, data=halves, device=torch.device("cpu"))
    assert bilevel.val.images is halves.val
