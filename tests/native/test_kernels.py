"""Each kernel against PyTorch's own operations, in float64 and odd shapes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.native import Kernels, kernels
from naslib_edd.supernet.layers import average_pool

SHAPES = [(2, 1, 1, 1), (3, 3, 5, 4), (2, 20, 3, 19), (2, 5, 1, 7), (2, 16, 4, 4), (3, 23, 6, 1), (1, 37, 3, 3)]


@pytest.fixture
def native() -> Kernels:
    found = kernels()
    if found is None:
        pytest.skip("the kernels could not be built here: no C++ compiler")
    return found


def last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


class Draw:
    """Random tensors in channels_last."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.random = torch.Generator().manual_seed(sum(shape))

    def vector(self, count: int) -> Tensor:
        return torch.randn(count, generator=self.random, dtype=torch.float64)

    def image(self, edges: int = 1) -> Tensor:
        images, channels, height, width = self.shape
        shape = (images, channels * edges, height, width)
        return last(torch.randn(shape, generator=self.random, dtype=torch.float64))


def close(got: Tensor | None, wanted: Tensor) -> None:
    assert got is not None
    torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12)


def columns(vector: Tensor) -> Tensor:
    return vector[None, :, None, None]


@pytest.mark.parametrize("shape", SHAPES)
def test_rectify_and_moments(native: Kernels, shape: tuple[int, ...]) -> None:
    x = Draw(shape).image() + 100.0
    x = last(x - 100.5)
    rectified, mean = native.rectify(x)
    close(rectified, x.relu())
    close(mean, x.relu().mean((0, 2, 3)))
    mean, variance = native.moments(x)
    close(mean, x.mean((0, 2, 3)))
    close(variance, x.var((0, 2, 3), unbiased=False))


def test_not_a_number_stays_one(native: Kernels) -> None:
    """So that a run that diverges is seen and stopped."""
    x = last(torch.full((1, 2, 2, 2), float("nan")))
    rectified, mean = native.rectify(x)
    assert rectified.isnan().all() and mean.isnan().all()


def test_moments_about_a_large_mean(native: Kernels) -> None:
    x = last(torch.randn(4, 16, 8, 8, generator=torch.Generator().manual_seed(1)) + 1000.0)
    _, variance = native.moments(x)
    wanted = x.double().var((0, 2, 3), unbiased=False)
    torch.testing.assert_close(variance.double(), wanted, rtol=1e-4, atol=0)


@pytest.mark.parametrize("edges", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_forward(native: Kernels, shape: tuple[int, ...], edges: int) -> None:
    draw, channels = Draw(shape), shape[1]
    h, y3 = draw.image(), draw.image(edges)
    pointwise = draw.vector(edges * channels * channels).view(channels, edges * channels)
    scale, shift = draw.vector(edges * channels), draw.vector(edges * channels)
    skip, pool = draw.vector(edges), draw.vector(edges)
    before = [draw.image() if number % 2 else None for number in range(edges)]
    totals = native.forward(h, pointwise, y3, scale, shift, skip, pool, before)
    y1 = F.conv2d(h.relu(), pointwise.t()[:, :, None, None])
    parts = (y3 * columns(scale) + columns(shift) + y1).split(channels, 1)
    for e, (total, part, held) in enumerate(zip(totals, parts, before, strict=True)):
        wanted = part + skip[e] * h + pool[e] * average_pool(h)
        close(total, wanted if held is None else wanted + held)


@pytest.mark.parametrize("edges", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_backward(native: Kernels, shape: tuple[int, ...], edges: int) -> None:
    draw, channels = Draw(shape), shape[1]
    grads = [draw.image() for _ in range(edges)]
    h, y3, mean = draw.image(), draw.image(edges), draw.vector(edges * channels)
    together = torch.cat(grads, 1)
    total, along, skips, pools = native.sums(grads, y3, h, mean, of_passes=True)
    close(total, together.sum((0, 2, 3)))
    close(along, (together * (y3 - columns(mean))).sum((0, 2, 3)))
    close(skips, torch.stack([(h * grad).sum() for grad in grads]))
    close(pools, torch.stack([(average_pool(h) * grad).sum() for grad in grads]))
    assert native.sums(grads, y3, h, mean, of_passes=False)[2:] == (None, None)

    a, b, constant = (draw.vector(edges * channels) for _ in range(3))
    wanted = together * columns(a) + y3 * columns(b) + columns(constant)
    close(native.norm_backward(grads, y3, a, b, constant), wanted)

    skip, pool = draw.vector(edges), draw.vector(edges)
    dr, own = draw.image(), draw.vector(channels)
    pointwise = draw.vector(edges * channels**2).view(edges * channels, channels)
    pull = draw.vector(channels**2).view(channels, channels)
    back = F.conv2d(together, pointwise.t()[:, :, None, None])
    back = back + F.conv2d(h.relu(), pull.t()[:, :, None, None])
    arriving = sum((pool[e] * grads[e] for e in range(edges)), torch.zeros_like(h))
    leaf = h.clone().requires_grad_()
    (of_pool,) = torch.autograd.grad(average_pool(leaf), leaf, arriving)
    masked = (dr + back + columns(own)) * (h.relu() > 0)
    through = sum((skip[e] * grads[e] for e in range(edges)), torch.zeros_like(h))
    found = native.gradient_(dr, grads, last(h.relu()), pointwise, pull, own, skip, pool)
    close(found, masked + of_pool + through)


def test_the_number_of_threads_changes_no_bit(native: Kernels) -> None:
    draw = Draw((5, 16, 4, 4))
    grads, y3, h = [draw.image().float() for _ in range(2)], draw.image(2).float(), draw.image()
    found = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            sums = native.sums(grads, y3, h.float(), torch.zeros(32), of_passes=True)
            found.append([*sums, *native.moments(y3), *native.rectify(h.float())])
    finally:
        torch.set_num_threads(before)
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            assert one is not None and other is not None and torch.equal(one, other)


def test_the_pool_is_the_plain_one() -> None:
    """What the tests above take as the truth."""
    x = torch.arange(9.0).reshape(1, 1, 3, 3)
    assert average_pool(x)[0, 0, 0, 0] == (0 + 1 + 3 + 4) / 4
    assert torch.equal(average_pool(x), F.avg_pool2d(x, 3, 1, 1, count_include_pad=False))
