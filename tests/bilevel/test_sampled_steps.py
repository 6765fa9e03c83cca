"""Steps under a sample against a slow twin: what is left out has a zero gradient, and moves on."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.bilevel import FirstOrder
from naslib_edd.relaxation import Gumbel
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain, plain_twin_of
from naslib_edd.supernet.base import Supernet

T = torch.tensor(0.7, dtype=torch.float64)
CLASSES, STEPS, CLIP = 3, 4, 0.3
SIZE = {"channels": 2, "cells": 1, "classes": CLASSES}


def parts(kind: str) -> tuple[Supernet, Tensor, torch.optim.SGD, torch.optim.Adam]:
    torch.manual_seed(0)
    supernet: Supernet = PlainSupernet(**SIZE).double()
    logits = (0.01 * torch.randn(6, 5, dtype=torch.float64)).requires_grad_()
    if kind == "fast":
        assert isinstance(supernet, PlainSupernet)
        supernet = copy_from_plain(FastSupernet(**SIZE).double(), supernet)
    supernet.samples = True
    sgd = torch.optim.SGD(
        supernet.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.1
    )
    return supernet, logits, sgd, torch.optim.Adam([logits], lr=3e-3, betas=(0.5, 0.999))


def batches() -> list[tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]]:
    generator = torch.Generator().manual_seed(5)

    def batch() -> tuple[Tensor, Tensor]:
        images = torch.randn(4, 3, 8, 8, generator=generator, dtype=torch.float64)
        return images, torch.randint(CLASSES, (4,), generator=generator)

    return [(batch(), batch()) for _ in range(STEPS)]


def gumbel() -> Gumbel:
    return Gumbel(generator=torch.Generator().manual_seed(3))


def slow_run() -> dict[str, Tensor]:
    """As GDAS' release: ``backward``, gradients set to zero that stay, one clipping norm."""
    supernet, logits, sgd, adam = parts("plain")
    relaxation, weights = gumbel(), list(supernet.parameters())
    for parameter in weights:
        parameter.grad = torch.zeros_like(parameter)
    for train, val in batches():
        sgd.zero_grad(set_to_none=False)
        F.cross_entropy(supernet(train[0], relaxation(logits, T)), train[1]).backward()
        torch.nn.utils.clip_grad_norm_([*weights, logits], CLIP)
        sgd.step()
        adam.zero_grad(set_to_none=False)
        F.cross_entropy(supernet(val[0], relaxation(logits, T)), val[1]).backward()
        adam.step()
    return {"logits": logits.detach(), **supernet.state_dict()}


def our_run(kind: str) -> dict[str, Tensor]:
    supernet, logits, sgd, adam = parts(kind)
    step = FirstOrder(
        supernet=supernet,
        logits=logits,
        relaxation=gumbel(),
        weight_optimizer=sgd,
        logit_optimizer=adam,
        clip="weights_and_logits",
        grad_clip=CLIP,
        stale_logits=True,
        sampled=True,
    )
    for train, val in batches():
        step.step(train, val, T)
    plain = plain_twin_of(supernet) if isinstance(supernet, FastSupernet) else supernet
    return {"logits": logits.detach(), **plain.state_dict()}


@pytest.mark.parametrize("kind", ["plain", "fast"])
def test_equals_the_slow_twin(kind: str) -> None:
    found, wanted = our_run(kind), slow_run()
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-8, atol=1e-10, msg=name)


def test_a_weight_that_is_never_sampled_decays() -> None:
    supernet, logits, sgd, adam = parts("plain")
    with torch.no_grad():
        logits[:, 3] = -200.0  # no 3×3 convolution, ever
    step = FirstOrder(
        supernet=supernet,
        logits=logits,
        relaxation=gumbel(),
        weight_optimizer=sgd,
        logit_optimizer=adam,
        sampled=True,
    )
    before = {name: value.detach().clone() for name, value in supernet.named_parameters()}
    (train, _), *_ = batches()
    step.step_weights(train, T)
    never = [name for name in before if "edges" in name and ".3.conv" in name]
    assert len(never) == 18
    for name, value in supernet.named_parameters():
        if name in never:  # lr · weight decay, twice over and .9 of it by Nesterov's momentum
            torch.testing.assert_close(value.detach(), before[name] * (1 - 0.05 * 0.1 * 1.9))
