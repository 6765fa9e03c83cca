"""The kernels of a sampled path against PyTorch's own operations, in float64 and odd shapes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from naslib_edd.supernet.native import Kernels, kernels
from naslib_edd.supernet.native.sampled import Term

SHAPES = [(2, 1, 1, 1), (3, 3, 5, 4), (2, 20, 3, 19), (2, 5, 1, 7), (3, 23, 6, 1), (1, 37, 3, 3)]


@pytest.fixture
def native() -> Kernels:
    found = kernels()
    if found is None:
        pytest.skip("the kernels could not be built here: no C++ compiler")
    return found


class Drawn:
    """What arrives at a node: a slice of a batched tensor that is normalised, and two as they are.

    The batched tensor is of three edges, of which the second arrives.
    """

    def __init__(self, shape: tuple[int, ...], count: int) -> None:
        self.random = torch.Generator().manual_seed(sum(shape) + count)
        images, channels, height, width = shape
        gain, mean = (self.draw(channels) for _ in range(2))
        batched = self.image(images, 3 * channels, height, width)
        every = [Term(batched, 1, gain, mean)]
        every += [Term(self.image(*shape)) for _ in range(2)]
        self.like, self.terms = self.image(*shape), every[:count]
        part = batched[:, channels : 2 * channels]
        centred = [part - column(mean), every[1].batched, every[2].batched]
        self.centred = centred[:count]
        self.values = [column(gain) * centred[0], *centred[1:]][:count]

    def draw(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.random, dtype=torch.float64)

    def image(self, *shape: int) -> Tensor:
        return self.draw(*shape).contiguous(memory_format=torch.channels_last)


def column(vector: Tensor) -> Tensor:
    return vector[None, :, None, None]


def close(got: Tensor | None, wanted: Tensor) -> None:
    assert got is not None
    torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_combine(native: Kernels, shape: tuple[int, ...], count: int) -> None:
    drawn = Drawn(shape, count)
    total = sum(drawn.values[1:], start=drawn.values[0])
    for value, rectified in ((True, True), (True, False), (False, True)):
        out, positive = native.combine(
            drawn.terms, like=drawn.like, value=value, rectified=rectified
        )
        assert (out is not None, positive is not None) == (value, rectified)
        if value:
            close(out, total)
        if rectified:
            close(positive, total.relu())


def test_one_tensor_as_it_is_needs_no_pass(native: Kernels) -> None:
    drawn = Drawn((2, 5, 3, 4), 2)
    term = drawn.terms[1]
    out, positive = native.combine([term], like=drawn.like, value=True, rectified=True)
    assert out is term.batched
    close(positive, term.batched.relu())


def test_not_a_number_stays_one(native: Kernels) -> None:
    drawn = Drawn((2, 3, 4, 4), 2)
    drawn.terms[0].batched[0, 3:6, 0, 0] = torch.nan
    for made in native.combine(drawn.terms, like=drawn.like, value=True, rectified=True):
        assert made is not None and made[0, :, 0, 0].isnan().all()
        assert not made[0, :, 0, 1].isnan().any()


@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_arriving(native: Kernels, shape: tuple[int, ...], count: int) -> None:
    drawn = Drawn(shape, count)
    total, along = native.arriving(drawn.like, drawn.terms)
    close(total, drawn.like.sum((0, 2, 3)))
    assert along.shape == (count, shape[1])
    for row, x in zip(along, drawn.centred, strict=True):
        close(row, (drawn.like * x).sum((0, 2, 3)))


@pytest.mark.parametrize(("behind", "past"), [(0, 1), (0, 3), (1, 0), (1, 2), (2, 0), (2, 3)])
@pytest.mark.parametrize("shape", SHAPES)
def test_gather(native: Kernels, shape: tuple[int, ...], behind: int, past: int) -> None:
    drawn = Drawn(shape, 1)
    first, last = ([drawn.image(*shape) for _ in range(n)] for n in (behind, past))
    rectified = drawn.like.relu()
    wanted = sum((x * (rectified > 0) for x in first), start=torch.zeros_like(rectified))
    got = native.gather(first, rectified if behind else None, last)
    close(got, sum(last, start=wanted))


def test_the_number_of_threads_changes_no_bit(native: Kernels) -> None:
    drawn, before = Drawn((7, 19, 9, 8), 3), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            found.append(torch.cat([x.flatten() for x in native.arriving(drawn.like, drawn.terms)]))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])
