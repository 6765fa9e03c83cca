"""The C++ kernels of a search cell against PyTorch's, function by function."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from naslib_edd.spaces.darts.cell_kernels import TorchKernels
from naslib_edd.supernet.native import kernels

pytestmark = pytest.mark.skipif(kernels() is None, reason="no C++ kernels here")
EXACT = {"rtol": 1e-10, "atol": 1e-10}
#: Channels of one block and of several, sides that are odd and smaller than a kernel.
SHAPES = [(3, 16, 9, 12), (2, 21, 5, 8), (2, 40, 2, 3), (4, 1, 7, 1), (2, 6, 1, 1), (1, 32, 8, 17)]


def made(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    drawn = torch.randn(shape, dtype=dtype)
    return drawn.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else drawn


def compare(one: object, other: object, **limits: float) -> None:
    if isinstance(one, Sequence):
        assert isinstance(other, Sequence) and len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            compare(a, b, **limits)
    elif one is None:
        assert other is None
    else:
        torch.testing.assert_close(one, other, **(limits or EXACT))


def native() -> object:
    found = kernels()
    assert found is not None
    return found


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_separable(
    shape: tuple[int, ...], dtype: torch.dtype, kernel: int, stride: int, dilation: int
) -> None:
    torch.manual_seed(0)
    limits = {} if dtype == torch.float64 else {"rtol": 2e-4, "atol": 2e-4}
    channels = shape[1]
    x = made(*shape, dtype=dtype)
    depthwise = torch.randn(channels, 1, kernel, kernel, dtype=dtype)
    pointwise = torch.randn(channels, channels, 1, 1, dtype=dtype)
    how = {"stride": stride, "dilation": dilation}
    for affine in (None, (made(channels, dtype=dtype), made(channels, dtype=dtype))):
        found = [
            each.separable(x, affine, depthwise, pointwise, **how)  # type: ignore[attr-defined]
            for each in (native(), TorchKernels())
        ]
        compare(*found, **limits)
        z = found[1][0]
        grad = made(*z.shape, dtype=dtype)
        coefficients = [made(channels, dtype=dtype) for _ in range(3)]
        before = made(*shape, dtype=dtype)
        for weights in (True, False):
            compare(
                *(
                    each.separable_backward(  # type: ignore[attr-defined]
                        grad, z, coefficients, x, affine, depthwise, pointwise, **how,
                        behind=None if affine else before.clone(), weights=weights,
                    )
                    for each in (native(), TorchKernels())
                ),
                **(limits and {"rtol": 1e-3, "atol": 2e-2}),
            )  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("stride", [1, 2])
def test_pools_and_what_leaves_a_node(shape: tuple[int, ...], stride: int) -> None:
    torch.manual_seed(0)
    # Many equal numbers: of a window's largest, the first has the gradient.
    x = made(*shape).round().contiguous(memory_format=torch.channels_last)
    channels = shape[1]
    for wanted in ((True, True), (True, False), (False, True)):
        found = [
            each.pools(x, stride=stride, largest=wanted[0], average=wanted[1])  # type: ignore[attr-defined]
            for each in (native(), TorchKernels())
        ]
        compare(*found)
        size = next(one for one in found[1] if one is not None)[0].shape
        grads = [made(*size) for _ in range(3)]
        terms = [
            None if one is None else (one[0], made(3, channels), made(channels), made(channels))
            for one in found[1]
        ]
        for behind in (None, made(*shape)):
            skip = made(3) if stride == 1 else None
            compare(
                *(
                    each.leaving(x, behind, grads, skip, *terms, stride=stride)  # type: ignore[attr-defined]
                    for each in (native(), TorchKernels())
                )
            )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    xs = [made(*shape) for _ in range(5)]
    gains, constant = made(5, shape[1]), made(shape[1])
    for arguments, name in (((xs, gains, constant), "weighted"), ((xs[0], xs), "dots")):
        compare(*(getattr(each, name)(*arguments) for each in (native(), TorchKernels())))


def test_no_nan_is_lost() -> None:
    x = made(1, 16, 4, 4)
    x[0, 3, 1, 1] = torch.nan
    each = native()
    depthwise, pointwise = torch.ones(16, 1, 3, 3).double(), torch.ones(16, 16, 1, 1).double()
    z, _ = each.separable(x, None, depthwise, pointwise, stride=1, dilation=1)  # type: ignore[attr-defined]
    assert z.isnan().any()
    for value, _ in each.pools(x, stride=1, largest=True, average=True):  # type: ignore[attr-defined]
        assert value[0, 3].isnan().sum() == 9 and not value[0, 2].isnan().any()
