"""Twins: a plain and a fast supernet with the same weights, in float64, statistics not at rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain

Twins = tuple[PlainSupernet, FastSupernet]


@pytest.fixture
def make_twins() -> Callable[..., Twins]:
    """Twins of ``(channels=…, cells=…, classes=…, running=…, seed=…)``."""

    def make(*, seed: int = 0, **size: int) -> Twins:
        torch.manual_seed(seed)
        plain = PlainSupernet(**size).double()
        with torch.no_grad():
            for name, tensor in plain.state_dict().items():
                if tensor.dim() == 1:
                    positive = name.endswith(("norm.weight", "running_var"))
                    drawn = torch.rand_like(tensor)
                    tensor.copy_(0.5 + drawn if positive else 0.4 * drawn - 0.2)
        return plain, copy_from_plain(FastSupernet(**size).double(), plain)

    return make


@pytest.fixture
def draw_batch() -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
    """(images, labels, β) of ``(classes, seed=…, batch=…, size=…)``."""

    def draw(
        classes: int, *, seed: int = 1, batch: int = 3, size: int = 8
    ) -> tuple[Tensor, Tensor, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        images = torch.randn(batch, 3, size, size, generator=generator, dtype=torch.float64)
        labels = torch.randint(classes, (batch,), generator=generator)
        logits = torch.randn(6, 5, generator=generator, dtype=torch.float64)
        return images, labels, torch.softmax(logits, -1)

    return draw
