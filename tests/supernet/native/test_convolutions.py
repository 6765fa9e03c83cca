"""Our own convolutions, 3×3 by Winograd's filtering and 1×1, against PyTorch's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.supernet.native import Kernels, kernels
from naslib_edd.supernet.native.convolutions import ConvolutionKernels, channels_last
from naslib_edd.supernet.native.targets import AVX2, AVX512, NEON, PLAIN

#: B, C, H, W, edges: one tile and many, tiles that reach over the image, blocks of every width,
#: more output channels than are taken at once, more tiles and pixels than are.
SHAPES = [
    (2, 1, 1, 1, 1),
    (3, 3, 5, 4, 2),
    (2, 20, 3, 19, 3),
    (2, 5, 1, 7, 4),
    (3, 8, 8, 8, 3),
    (17, 16, 6, 9, 3),
    (1, 37, 3, 3, 2),
    (5, 64, 4, 4, 2),
    (40, 8, 16, 8, 1),
]


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernels]:
    found = kernels()
    if found is None:
        pytest.skip("the kernels could not be built here: no C++ compiler")
    names = {3: "winograd", 1: "pointwise"}
    monkeypatch.setattr(ConvolutionKernels, "_ours", lambda _, __, kernel: names[kernel.shape[-1]])
    threads = torch.get_num_threads()
    yield found
    torch.set_num_threads(threads)


class Case:
    """Random tensors of a shape."""

    def __init__(
        self, shape: Sequence[int], dtype: torch.dtype = torch.float64, *, size: int = 3
    ) -> None:
        images, channels, height, width, edges = shape
        self.random = torch.Generator().manual_seed(sum(shape))
        self.x = self.draw(images, channels, height, width).to(dtype)
        self.kernel = self.draw(edges * channels, channels, size, size).to(dtype)
        self.kernel /= size * channels**0.5
        self.grads = [self.draw(images, channels, height, width).to(dtype) for _ in range(edges)]
        self.y = self.draw(images, edges * channels, height, width).to(dtype)
        a, b, constant = self.draw(3, edges * channels).to(dtype).unbind()
        self.norm = a, b, constant

    def draw(self, *shape: int) -> Tensor:
        drawn = torch.randn(shape, generator=self.random, dtype=torch.float64)
        return channels_last(drawn) if len(shape) == 4 else drawn

    def of_y(self) -> Tensor:
        """What the norm makes of the edges' gradients."""
        a, b, constant = (one[None, :, None, None] for one in self.norm)
        return a * torch.cat(self.grads, 1) + b * self.y + constant

    def convolved(self) -> Tensor:
        return F.conv2d(self.x, self.kernel, padding=self.kernel.shape[-1] // 2)

    def gradients(self) -> tuple[Tensor, ...]:
        """Of x and the kernel, by autograd."""
        wanted = self.x.requires_grad_(), self.kernel.requires_grad_()
        found = torch.autograd.grad(self.convolved(), wanted, self.of_y())
        for one in wanted:
            one.requires_grad_(False)
        return found

    def backward(self, native: Kernels, *, x: bool, kernel: bool) -> list[Tensor | None]:
        of = self.grads, self.y, self.norm, self.x, self.kernel
        return list(native.convolution_backward(*of, of_x=x, of_kernel=kernel))


def close(got: Tensor | None, wanted: Tensor) -> None:
    assert got is not None
    torch.testing.assert_close(got, wanted, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("size", [3, 1])
@pytest.mark.parametrize("shape", SHAPES)
def test_convolution_and_moments(native: Kernels, shape: tuple[int, ...], size: int) -> None:
    case = Case(shape, size=size)
    y, mean, variance = native.convolution(case.x, case.kernel)
    wanted = case.convolved()
    assert y.is_contiguous(memory_format=torch.channels_last)
    close(y, wanted)
    close(mean, wanted.mean((0, 2, 3)))
    close(variance, wanted.var((0, 2, 3), unbiased=False))


@pytest.mark.parametrize("size", [3, 1])
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients(native: Kernels, shape: tuple[int, ...], size: int) -> None:
    case = Case(shape, size=size)
    both = case.backward(native, x=True, kernel=True)
    for got, due in zip(both, case.gradients(), strict=True):
        close(got, due)
    of_x, nothing = case.backward(native, x=True, kernel=False)
    assert nothing is None and of_x is not None and both[0] is not None
    assert torch.equal(of_x, both[0])
    nothing, of_kernel = case.backward(native, x=False, kernel=True)
    assert nothing is None and of_kernel is not None and both[1] is not None
    assert torch.equal(of_kernel, both[1])


@pytest.mark.parametrize("size", [3, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_threads_change_no_bit(native: Kernels, dtype: torch.dtype, size: int) -> None:
    case = Case((9, 16, 12, 8, 2), dtype, size=size)
    found = []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        forward = native.convolution(case.x, case.kernel)
        found.append([*forward, *case.backward(native, x=True, kernel=True)])
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            assert one is not None and two is not None and torch.equal(one, two)


@pytest.mark.parametrize(("size", "most"), [(3, 1e-4), (1, 1e-5)])
@pytest.mark.parametrize("channels", [16, 64])
def test_how_much_fp32_costs(native: Kernels, channels: int, size: int, most: float) -> None:
    """The largest error of an output or gradient, in units of its standard deviation."""
    shape = (8, channels, 16, 16, 3)
    exact, rounded = Case(shape, size=size), Case(shape, torch.float32, size=size)
    wanted = exact.convolved()
    y, mean, variance = native.convolution(rounded.x, rounded.kernel)
    found = [y, *rounded.backward(native, x=True, kernel=True)]
    for got, due in zip(found, (wanted, *exact.gradients()), strict=True):
        assert got is not None and got.dtype == torch.float32
        assert (got - due).abs().max() < most * due.std()
    assert (mean - wanted.mean((0, 2, 3))).abs().max() < 1e-5
    assert (variance / wanted.var((0, 2, 3), unbiased=False) - 1).abs().max() < 1e-4


@pytest.mark.parametrize("size", [3, 1])
def test_not_a_number_stays_one(native: Kernels, size: int) -> None:
    """So that a run that diverges is seen and stopped."""
    case = Case((1, 16, 4, 4, 1), size=size)
    case.x[0, 3, 1, 1] = float("nan")
    y, mean, _ = native.convolution(case.x, case.kernel)
    assert y[0, :, 1, 1].isnan().all() and mean.isnan().all()


def test_where_they_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = kernels()
    if found is None:
        pytest.skip("the kernels could not be built here: no C++ compiler")
    assert [of.convolves for of in (AVX512, AVX2, NEON, PLAIN)] == [False, True, False, False]

    def taken(
        channels: int, pixels: int, size: int, dtype: torch.dtype = torch.float32
    ) -> str | None:
        x = torch.empty(1, channels, pixels, pixels, dtype=dtype)
        return found._ours(x, torch.empty(channels, channels, size, size))

    monkeypatch.setattr(found, "convolves", True)
    assert taken(16, 4, 3) == taken(64, 32, 3, torch.float64) == "winograd"
    assert taken(8, 32, 1) == "pointwise"
    assert taken(8, 32, 3) is taken(16, 2, 3) is taken(16, 32, 3, torch.bfloat16) is None
    monkeypatch.setattr(found, "convolves", False)
    assert taken(16, 32, 3) is taken(16, 32, 1) is None


@pytest.mark.parametrize("size", [3, 1])
def test_the_others_are_pytorch_s(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = kernels()
    if found is None:
        pytest.skip("the kernels could not be built here: no C++ compiler")
    monkeypatch.setattr(found, "convolves", False)
    case = Case((3, 16, 8, 8, 2), size=size)
    y, mean, variance = found.convolution(case.x, case.kernel)
    assert torch.equal(y, case.convolved())
    close(mean, y.mean((0, 2, 3)))
    close(variance, y.var((0, 2, 3), unbiased=False))
    backward = case.backward(found, x=True, kernel=True)
    for got, due in zip(backward, case.gradients(), strict=True):
        close(got, due)
