"""The C++ kernels of a search cell against PyTorch's, function by function."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from naslib_edd.spaces.darts.cell_kernels import TorchKernels
from naslib_edd.supernet.native import kernels
from naslib_edd.supernet.native.terms import Handed, Term, Terms

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


def terms_of(stride: int, kernel: int, dilation: int) -> Terms:
    """One of each kind from the first of two sources, and two from the second."""
    kinds = ["reduce" if stride == 2 else "skip", "max", "noise", "once", "avg", "twice"]
    found, first = [], 0
    for source, of in ((0, kinds), (1, ["twice", "skip" if stride == 1 else "reduce"])):
        for kind in of:
            made_of = {"reduce": 2, "once": 2, "twice": 4}.get(kind, 0)
            found.append(
                Term(
                    place=source, op=0, kind=kind, source=source, stride=stride,
                    dilation=dilation if kind == "once" else 1, kernel=kernel, first=first,
                    edge=source, edges=3,
                )
            )  # fmt: skip
            first += made_of
    return Terms(found)


def weights_of(terms: Terms, channels: int, dtype: torch.dtype) -> list[Tensor]:
    found = []
    for term in terms:
        half = channels // 2
        pair = [(channels, 1, term.kernel, term.kernel), (channels, channels, 1, 1)]
        halves = [(half, channels, 1, 1), (channels - half, channels, 1, 1)]
        shapes = {"reduce": halves, "once": pair, "twice": pair * 2}.get(term.kind, [])
        found += [torch.randn(shape, dtype=dtype) for shape in shapes]
    return found


@pytest.mark.parametrize("shape", [one for one in SHAPES if one[1] > 1], ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (5, 1), (3, 2), (5, 2)])
@pytest.mark.parametrize("stride", [1, 2])
def test_what_enters_a_node(
    shape: tuple[int, ...], dtype: torch.dtype, kernel: int, dilation: int, stride: int
) -> None:
    torch.manual_seed(0)
    limits = {} if dtype == torch.float64 else {"rtol": 1e-3, "atol": 1e-3}
    terms, parts = terms_of(stride, kernel, dilation), [made(*shape, dtype=dtype) for _ in range(2)]
    weights = weights_of(terms, shape[1], dtype)
    pools = TorchKernels().pools(parts[0], stride=stride, largest=True, average=True)
    noise = torch.randn_like(pools[0][0])  # type: ignore[index]
    given = [{"max": pools[0], "avg": pools[1], "noise": (noise, None)}.get(t.kind) for t in terms]
    weight = torch.rand(len(terms), dtype=torch.float64)
    weight[3] = 0.0  # its kernels' gradients are zeros
    twins = (native(), TorchKernels())
    found = [each.node(terms, parts, given, weights, weight) for each in twins]  # type: ignore[attr-defined]
    compare(*([node, kept.statistics, kept.inner] for node, kept in found), **limits)
    grad = made(*noise.shape, dtype=dtype)
    before = [made(*shape, dtype=dtype), None]
    values = [None if one is None else one[0] for one in given]
    for wanted, to in ((True, [before[0]] * 2), (False, before), (True, before)):
        outcomes = []
        for each, (_, kept) in zip(twins, found, strict=True):
            behind = [None if one is None else one.clone() for one in to]
            handed = [Handed.nothing(part, 3) for part in parts]
            outcome = each.node_backward(  # type: ignore[attr-defined]
                terms, parts, values, weights, weight, kept, grad, behind, handed, wanted=wanted
            )
            if to[1] is None:  # whose kernels' gradients nobody asks for
                outcome = outcome[0], outcome[1][: terms[6].first]
            outcomes.append([*outcome, behind, [one.all for one in handed]])
        compare(*outcomes, **(limits and {"rtol": 5e-3, "atol": 5e-2}))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("stride", [1, 2])
def test_pools_and_what_leaves_a_node(shape: tuple[int, ...], stride: int) -> None:
    torch.manual_seed(0)
    # Many equal numbers: of a window's largest, the first has the gradient.
    x = made(*shape).round().contiguous(memory_format=torch.channels_last)
    for wanted in ((True, True), (True, False), (False, True)):
        found = [
            each.pools(x, stride=stride, largest=wanted[0], average=wanted[1])  # type: ignore[attr-defined]
            for each in (native(), TorchKernels())
        ]
        compare(*found)
        size = next(one for one in found[1] if one is not None)[0].shape
        grads = [made(*size) for _ in range(3)]
        handed = Handed.nothing(x, 3)
        values = [None if one is None else one[0] for one in found[1]]
        for behind in (None, made(*shape)):
            handed.all.normal_()
            handed.skip[1] = 0.0
            compare(
                *(
                    each.leaving(x, behind, grads, handed, *values, stride=stride)  # type: ignore[attr-defined]
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
    how = {"stride": 1, "dilation": 1, "kernel": 3}
    term = Term(place=0, op=0, kind="once", source=0, first=0, edge=0, edges=1, **how)
    weights = [torch.ones(16, 1, 3, 3).double(), torch.ones(16, 16, 1, 1).double()]
    z, _ = each.node(Terms([term]), [x], [None], weights, torch.ones(1).double())  # type: ignore[attr-defined]
    assert z.isnan().any()
    for value, _ in each.pools(x, stride=1, largest=True, average=True):  # type: ignore[attr-defined]
        assert value[0, 3].isnan().sum() == 9 and not value[0, 2].isnan().any()
