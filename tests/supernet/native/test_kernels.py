"""Each kernel against PyTorch's own operations, in float64 and odd shapes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.supernet.layers import average_pool
from naslib_edd.supernet.native import Folded, Kernels, Unfolded, kernels

SHAPES = [
    (2, 1, 1, 1),
    (3, 3, 5, 4),
    (2, 20, 3, 19),
    (2, 5, 1, 7),
    (2, 16, 4, 4),
    (3, 23, 6, 1),
    (1, 37, 3, 3),
]


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
    rectified, again, mean, covariance = native.rectify(x, x.dtype)
    assert again is rectified
    close(rectified, x.relu())
    close(mean, x.relu().mean((0, 2, 3)))
    rows = x.relu().transpose(0, 1).flatten(1)
    close(covariance, rows.cov(correction=0).view(len(rows), -1))
    mean, variance = native.moments(x)
    close(mean, x.mean((0, 2, 3)))
    close(variance, x.var((0, 2, 3), unbiased=False))


@pytest.mark.parametrize("shape", SHAPES)
def test_average_pool(native: Kernels, shape: tuple[int, ...]) -> None:
    draw = Draw(shape)
    x, grad = draw.image().requires_grad_(), draw.image()
    pooled = average_pool(x)
    (of_x,) = torch.autograd.grad(pooled, x, grad)
    close(native.average_pool(x.detach()), pooled.detach())
    close(native.average_pool_backward(grad), of_x)


def test_not_a_number_stays_one(native: Kernels) -> None:
    """So that a run that diverges is seen and stopped."""
    x = last(torch.full((1, 2, 2, 2), float("nan")))
    for found in native.rectify(x, torch.bfloat16):
        assert found.isnan().all()


def test_moments_about_a_large_mean(native: Kernels) -> None:
    x = last(torch.randn(4, 16, 8, 8, generator=torch.Generator().manual_seed(1)) + 1000.0)
    _, variance = native.moments(x)
    wanted = x.double().var((0, 2, 3), unbiased=False)
    torch.testing.assert_close(variance.double(), wanted, rtol=1e-4, atol=0)


Pair = tuple[Tensor, Tensor]


def norms(draw: Draw, edges: int) -> tuple[Tensor, Pair, Pair, Tensor, Tensor]:
    """K; mean and covariance of its input; mean and variance of y3; β1, β3: any that can be."""
    channels = draw.shape[1]
    kernel = draw.vector(edges * channels**2).view(edges * channels, channels)
    root = draw.vector(channels**2).view(channels, channels)
    moments1 = draw.vector(channels), root @ root.t()
    moments3 = draw.vector(edges * channels), draw.vector(edges * channels).square() + 0.1
    return kernel, moments1, moments3, draw.vector(edges).abs(), draw.vector(edges).abs()


@pytest.mark.parametrize("edges", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_forward(native: Kernels, shape: tuple[int, ...], edges: int) -> None:
    draw, channels = Draw(shape), shape[1]
    kernel, moments1, moments3, beta1, beta3 = norms(draw, edges)
    folded = native.fold(kernel, moments1, moments3, beta1, beta3, eps=(1e-3, 1e-5))
    (mean, covariance), (mean3, variance3) = moments1, moments3
    variance = (kernel @ covariance @ kernel.t()).diagonal()
    gain1 = beta1.repeat_interleave(channels) / (variance + 1e-3).sqrt()
    gain3 = beta3.repeat_interleave(channels) / (variance3 + 1e-5).sqrt()
    close(folded.mean1, kernel @ mean)
    close(folded.variance1, variance)
    close(folded.pointwise, (gain1[:, None] * kernel).t())

    h, y3 = draw.image(), draw.image(edges)
    skip, pool = draw.vector(edges), draw.vector(edges)
    before = [draw.image() if number % 2 else None for number in range(edges)]
    totals = native.forward(h, y3, folded, skip, pool, before)
    y1 = F.conv2d(h.relu(), kernel[:, :, None, None])
    normed = (y1 - columns(kernel @ mean)) * columns(gain1) + (y3 - columns(mean3)) * columns(gain3)
    for e, (total, part, held) in enumerate(
        zip(totals, normed.split(channels, 1), before, strict=True)
    ):
        wanted = part + skip[e] * h + pool[e] * average_pool(h)
        close(total, wanted if held is None else wanted + held)


@pytest.mark.parametrize("edges", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_sums_and_the_norms_backward(native: Kernels, shape: tuple[int, ...], edges: int) -> None:
    draw, channels = Draw(shape), shape[1]
    grads = [draw.image() for _ in range(edges)]
    h, y3, mean = draw.image(), draw.image(edges), draw.vector(edges * channels)
    together = torch.cat(grads, 1)
    found = native.sums(grads, y3, h, mean, of_passes=True)
    close(found.total, together.sum((0, 2, 3)))
    close(found.along, (together * (y3 - columns(mean))).sum((0, 2, 3)))
    close(found.products, torch.einsum("bdhw,bchw->dc", together, h.relu()))
    close(found.skip, torch.stack([(h * grad).sum() for grad in grads]))
    close(found.pool, torch.stack([(average_pool(h) * grad).sum() for grad in grads]))
    without = native.sums(grads, y3, h, mean, of_passes=False)
    assert without.skip is None and without.pool is None

    a, b, constant = (draw.vector(edges * channels) for _ in range(3))
    wanted = together * columns(a) + y3 * columns(b) + columns(constant)
    close(native.norm_backward(grads, y3, a, b, constant), wanted)


@pytest.mark.parametrize("edges", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_gradient(native: Kernels, shape: tuple[int, ...], edges: int) -> None:
    draw, channels = Draw(shape), shape[1]
    grads, h = [draw.image() for _ in range(edges)], draw.image()
    skip, pool = draw.vector(edges), draw.vector(edges)
    dr, constant = draw.image(), draw.vector(channels)
    weighted = draw.vector(edges * channels**2).view(edges * channels, channels)
    back = draw.vector(channels**2).view(channels, channels)
    unfolded = Unfolded(*constant.new_empty(2, 1), weighted, back, constant, *skip.new_empty(3, 1))  # type: ignore[call-arg]
    own = F.conv2d(torch.cat(grads, 1), weighted.t()[:, :, None, None])
    own = own + F.conv2d(h.relu(), back.t()[:, :, None, None])
    leaf = h.clone().requires_grad_()
    through = sum((skip[e] * leaf + pool[e] * average_pool(leaf)).mul(grads[e]).sum()
                  for e in range(edges))  # fmt: skip
    (passed,) = torch.autograd.grad(through, leaf)
    wanted = (dr + own + columns(constant)) * (h > 0) + passed
    close(native.gradient(dr, grads, last(h.relu()), unfolded, skip, pool), wanted)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("edges", [1, 2, 3])
def test_half_precision_is_read_and_rounded_and_nothing_else(
    native: Kernels, shape: tuple[int, ...], edges: int
) -> None:
    """Bit for bit what the same pass makes of the same numbers in fp32."""
    draw, channels = Draw(shape), shape[1]
    h, grads = draw.image().float(), [draw.image().float() for _ in range(edges)]
    y3, dr = draw.image(edges).bfloat16(), draw.image().bfloat16()
    rectified, half, *_ = native.rectify(h, torch.bfloat16)
    assert torch.equal(rectified, h.relu()) and torch.equal(half, h.relu().bfloat16())
    for one, other in zip(native.moments(y3), native.moments(y3.float()), strict=True):
        assert one.dtype == torch.float32 and torch.equal(one, other)

    one, two, three = (draw.vector(edges * channels).float() for _ in range(3))
    found = native.norm_backward(grads, y3, one, two, three)
    assert torch.equal(found, native.norm_backward(grads, y3.float(), one, two, three).bfloat16())
    for got, wanted in zip(
        native.sums(grads, y3, h, one, of_passes=True),
        native.sums(grads, y3.float(), h, one, of_passes=True),
        strict=True,
    ):
        assert got is not None and wanted is not None and torch.equal(got, wanted)

    skip, pool = draw.vector(edges).float(), draw.vector(edges).float()
    matrix = draw.vector(edges * channels**2).float().view(channels, -1)
    folded = Folded(matrix, matrix, one, one, two, one, three, one, one)
    before = [None, *grads[1:]]
    for got, wanted in zip(
        native.forward(h, y3, folded, skip, pool, before),
        native.forward(h, y3.float(), folded, skip, pool, before),
        strict=True,
    ):
        assert torch.equal(got, wanted)

    back, weighted = draw.vector(channels**2).float().view(channels, -1), matrix.view(-1, channels)
    nothing = skip.new_empty(1)
    unfolded = Unfolded(nothing, nothing, weighted, back, one[:channels], nothing, nothing, None)
    wanted = native.gradient(dr.float(), grads, rectified, unfolded, skip, pool)
    assert torch.equal(native.gradient(dr, grads, rectified, unfolded, skip, pool), wanted)


def test_half_precision_rounds_as_pytorch(native: Kernels) -> None:
    """Every upper half, and both sides of and on the middle between two: also what is no number."""
    upper = torch.arange(2**16, dtype=torch.int64) << 16
    bits = torch.cat([upper + low for low in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)])
    values = bits.to(torch.int32).view(torch.float32)  # wraps around: negative numbers
    for width in (1, 4, 16, 64):  # blocks of every width
        y3 = last(torch.zeros(1, width, len(values) // width, 1))
        grads = [last(values.view(1, -1, 1, width).permute(0, 3, 1, 2))]
        one, none = torch.ones(width), torch.zeros(width)
        got = native.norm_backward(grads, y3.bfloat16(), one, none, none)
        wanted = native.norm_backward(grads, y3, one, none, none).bfloat16()
        torch.testing.assert_close(got, wanted, rtol=0, atol=0, equal_nan=True)


def test_the_number_of_threads_changes_no_bit(native: Kernels) -> None:
    draw = Draw((5, 16, 4, 4))
    grads, y3, h = [draw.image().float() for _ in range(2)], draw.image(2).float(), draw.image()
    found = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            args = grads, y3, h.float(), torch.zeros(32)
            sums = native.sums(*args, of_passes=True)
            found.append([*sums, *native.moments(y3), *native.rectify(h.float(), torch.bfloat16)])
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
