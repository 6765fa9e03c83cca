"""jacov: against a Jacobian by differences, and NumPy's correlations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from naslib_edd.engine.baselines.proxies import jacov
from naslib_edd.spaces.nb201.network import build
from naslib_edd.supernet.layers import evaluating


def test_by_differences() -> None:
    torch.manual_seed(0)
    network = build((3, 2, 1, 4, 2, 1), channels=2, cells=1).double()
    images = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    # By running statistics each image's outputs depend on that image alone.
    jacobian = np.zeros((4, images[0].numel()))
    step = 1e-6
    with evaluating(network, "running"), torch.no_grad():
        for pixel in range(images[0].numel()):
            moved = [images.clone() for _ in range(2)]
            for sign, one in zip((1, -1), moved, strict=True):
                one.reshape(4, -1)[:, pixel] += sign * step
            up, down = (network(one).sum(1).numpy() for one in moved)
            jacobian[:, pixel] = (up - down) / (2 * step)
    values = np.linalg.eigvalsh(np.corrcoef(jacobian))
    wanted = -sum(math.log(v + 1e-5) + 1 / (v + 1e-5) for v in values)
    assert jacov(network, images, "running") == pytest.approx(wanted, rel=1e-4)


def test_a_cell_that_is_cut_off_scores_lowest() -> None:
    network = build((0,) * 6, channels=2, cells=1)
    assert jacov(network, torch.randn(4, 3, 8, 8)) == -math.inf
