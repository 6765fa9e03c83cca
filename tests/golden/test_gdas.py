"""GDAS against the numbers of its own release for NAS-Bench-201 (tests/golden/make/gdas.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.relaxation import Gumbel
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain, plain_twin_of
from naslib_edd.supernet.base import Supernet

FILE = Path(__file__).with_name("gdas.npz")
EXACT = {"rtol": 1e-9, "atol": 1e-11}


class Given(Gumbel):
    """Draws the release's noise."""

    def __init__(self, noise: Tensor) -> None:
        super().__init__(generator=torch.Generator())
        self.given = noise

    def draw(self, shape: torch.Size) -> Tensor:
        assert shape == self.given.shape
        return self.given


@pytest.fixture(scope="module")
def release() -> dict[str, Any]:
    with np.load(FILE) as held:
        return {name: held[name] for name in held.files}


def supernet(kind: str, release: dict[str, Any]) -> Supernet:
    size = {"channels": 2, "cells": 1, "classes": 5}
    plain = PlainSupernet(**size).double()
    values = torch.from_numpy(release["weights_64"]).double() / 64
    assert [name for name, _ in plain.named_parameters()] == release["names"].tolist()
    torch.nn.utils.vector_to_parameters(values, plain.parameters())
    network = plain if kind == "plain" else copy_from_plain(FastSupernet(**size).double(), plain)
    network.samples = True
    return network


@pytest.mark.parametrize("kind", ["plain", "fast"])
@pytest.mark.parametrize("case", [0, 1, 2])
def test_sample_loss_and_gradients(kind: str, case: int, release: dict[str, Any]) -> None:
    def theirs(name: str) -> Tensor:
        return torch.from_numpy(np.asarray(release[f"{name}_{case}"]))

    network = supernet(kind, release)
    logits = torch.from_numpy(release["logits"]).requires_grad_()
    relaxation, t = Given(theirs("noise")), theirs("tau")
    beta = relaxation(logits, t)
    torch.testing.assert_close(beta.detach(), theirs("hardwts"), **EXACT)
    assert torch.equal(beta.argmax(-1), theirs("index"))

    images = torch.from_numpy(release["images_32"]).double() / 32
    scores = network(images, beta)
    torch.testing.assert_close(scores.detach(), theirs("scores"), **EXACT)
    loss = F.cross_entropy(scores, torch.from_numpy(release["labels"]))
    assert float(loss.detach()) == pytest.approx(float(theirs("loss")), rel=1e-10)

    wanted = [logits, beta, *network.parameters()]
    of_logits, of_beta, *of_weights = torch.autograd.grad(loss, wanted, materialize_grads=True)
    torch.testing.assert_close(of_logits, theirs("logit_gradient"), rtol=1e-8, atol=1e-12)
    assert of_logits.abs().max() > 1e-4
    forward, noise = relaxation.gradient_terms(logits.detach(), t, of_beta)
    torch.testing.assert_close(forward, theirs("logit_gradient"), rtol=1e-8, atol=1e-12)
    assert not noise.any()

    with torch.no_grad():  # the gradients in the plain twin's order
        for parameter, gradient in zip(network.parameters(), of_weights, strict=True):
            parameter.copy_(gradient)
    plain = plain_twin_of(network) if isinstance(network, FastSupernet) else network
    found = torch.nn.utils.parameters_to_vector(plain.parameters()).detach().float()
    torch.testing.assert_close(found, theirs("weight_gradient"), rtol=1e-5, atol=1e-9)
