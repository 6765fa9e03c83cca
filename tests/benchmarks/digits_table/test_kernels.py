"""Each batched operation against PyTorch's own, output and gradient, in float64."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from digits_table.kernels import average_pool3x3, halve, relu_conv3x3
from torch import Tensor

MODELS, CHANNELS, BATCH = 3, 2, 5


def features(size: int) -> Tensor:
    generator = torch.Generator().manual_seed(size)
    shape = (MODELS, CHANNELS, size, size, BATCH)
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def each(x: Tensor, operation: Callable[[Tensor, int], Tensor]) -> Tensor:
    """The operation on each model's features [B, C, H, W] by itself."""
    return torch.stack([operation(x[m].permute(3, 0, 1, 2), m) for m in range(MODELS)]).permute(
        0, 2, 3, 4, 1
    )


def assert_same(ours: Tensor, theirs: Tensor, leaves: list[Tensor]) -> None:
    torch.testing.assert_close(ours, theirs)
    direction = torch.randn(ours.shape, dtype=ours.dtype)
    for mine, other in zip(
        torch.autograd.grad(ours, leaves, direction),
        torch.autograd.grad(theirs, leaves, direction),
        strict=True,
    ):
        torch.testing.assert_close(mine, other)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [2, 4, 8])
def test_convolution(size: int, stride: int) -> None:
    x = features(size)
    weight = torch.randn(MODELS, 4, CHANNELS, 3, 3, dtype=torch.float64, requires_grad=True)
    theirs = each(x, lambda own, m: F.conv2d(F.relu(own), weight[m], stride=stride, padding=1))
    assert_same(relu_conv3x3(x, weight, stride=stride), theirs, [x, weight])


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_average_pool(size: int) -> None:
    x = features(size)
    theirs = each(x, lambda own, _: F.avg_pool2d(own, 3, 1, 1, count_include_pad=False))
    assert_same(average_pool3x3(x), theirs, [x])


@pytest.mark.parametrize("size", [2, 8])
def test_halve(size: int) -> None:
    x = features(size)
    assert_same(halve(x), each(x, lambda own, _: F.avg_pool2d(own, 2)), [x])
