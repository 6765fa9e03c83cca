"""One node's edges in one function: value, gradients and statistics against the separate layers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.nb201 import fused
from naslib_edd.spaces.nb201.fused import NodeWeights, send_along_edges
from naslib_edd.supernet.layers import BatchNorm, average_pool
from naslib_edd.supernet.native import kernels
from naslib_edd.supernet.native.convolutions import ConvolutionKernels

C, SIZE = 3, 5


@pytest.fixture(autouse=True, params=["ours", "kernels", "torch"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test runs on all paths; only values in channels_last take the kernels."""
    if request.param == "torch":
        monkeypatch.setattr(fused, "native_kernels", lambda *_: None)
    elif kernels() is None:
        pytest.skip("the kernels could not be built here: no C++ compiler")
    name = "winograd" if request.param == "ours" else None
    monkeypatch.setattr(ConvolutionKernels, "_ours", lambda *_: name)
    return str(request.param)


class Inputs:
    """Leaves of one node with so many edges, float64."""

    def __init__(self, edges: int, *, running: bool = True, bias: float = 0.0) -> None:
        random = torch.Generator().manual_seed(edges)

        def leaf(*shape: int, add: float = 0.0) -> Tensor:
            drawn = torch.randn(shape, generator=random, dtype=torch.float64) + add
            if len(shape) == 4:
                drawn = drawn.contiguous(memory_format=torch.channels_last)
            return drawn.requires_grad_()

        self.h = leaf(4, C, SIZE, SIZE, add=bias)
        self.beta = [leaf(edges) for _ in range(4)]
        self.conv1, self.conv3 = leaf(edges * C, C, 1, 1), leaf(edges * C, C, 3, 3)
        self.norms = [
            BatchNorm(channels=edges * C, affine=False, running=running).double() for _ in range(2)
        ]
        self.before = [leaf(4, C, SIZE, SIZE) if n % 2 else None for n in range(edges)]
        self.leaves = [self.h, *self.beta, self.conv1, self.conv3]
        self.leaves += [tensor for tensor in self.before if tensor is not None]

    def fused(self) -> tuple[Tensor, ...]:
        return send_along_edges(  # type: ignore[call-arg]
            self.h, NodeWeights(*self.beta), self.conv1, self.conv3, *self.norms, self.before
        )

    def separate(self) -> list[Tensor]:
        skip, pool, one, three = self.beta
        rectified, pooled = F.relu(self.h), average_pool(self.h)
        first = self.norms[0](F.conv2d(rectified, self.conv1)).split(C, 1)
        second = self.norms[1](F.conv2d(rectified, self.conv3, padding=1)).split(C, 1)
        return [
            skip[e] * self.h + pool[e] * pooled + one[e] * first[e] + three[e] * second[e]
            + (0 if before is None else before)
            for e, before in enumerate(self.before)
        ]  # fmt: skip


def gradients(outputs: Sequence[Tensor], leaves: Sequence[Tensor]) -> list[Tensor]:
    random = torch.Generator().manual_seed(9)
    weights = [torch.randn(out.shape, generator=random, dtype=out.dtype) for out in outputs]
    return list(torch.autograd.grad(outputs, leaves, weights))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("edges", [1, 2, 3])
def test_the_separate_layers_values_gradients_and_statistics(
    edges: int, layout: torch.memory_format
) -> None:
    ours, theirs = Inputs(edges), Inputs(edges)
    ours.h.data = ours.h.data.contiguous(memory_format=layout)
    got, wanted = ours.fused(), theirs.separate()
    torch.testing.assert_close(list(got), wanted, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(
        gradients(got, ours.leaves), gradients(wanted, theirs.leaves), rtol=1e-9, atol=1e-9
    )
    for norm, reference in zip(ours.norms, theirs.norms, strict=True):
        torch.testing.assert_close(norm.running_mean, reference.running_mean)
        torch.testing.assert_close(norm.running_var, reference.running_var)


@pytest.mark.parametrize("edges", [1, 3])
def test_gradcheck(edges: int) -> None:
    inputs = Inputs(edges, running=False)

    def run(*leaves: Tensor) -> tuple[Tensor, ...]:
        h, *rest = leaves
        return send_along_edges(  # type: ignore[call-arg]
            h, NodeWeights(*rest[:4]), rest[4], rest[5], *inputs.norms, [None] * edges
        )

    assert torch.autograd.gradcheck(run, inputs.leaves[:7], fast_mode=True)


def test_only_what_is_wanted() -> None:
    """A logit step asks for no gradient of a weight, a weight step for none of β."""
    inputs = Inputs(2)
    whole = gradients(inputs.fused(), inputs.leaves)
    for resting in ([inputs.conv1, inputs.conv3], inputs.beta):
        for leaf in resting:
            leaf.requires_grad_(False)
        wanted = [place for place, leaf in enumerate(inputs.leaves) if leaf.requires_grad]
        found = gradients(inputs.fused(), [inputs.leaves[place] for place in wanted])
        torch.testing.assert_close(found, [whole[place] for place in wanted])
        for leaf in resting:
            leaf.requires_grad_(True)


def test_a_large_mean_costs_fp32_little() -> None:
    """The variance is a difference of moments: with a mean of 10 σ it is still good in fp32."""
    exact, rounded = Inputs(2, bias=10.0), Inputs(2, bias=10.0)
    for leaf in rounded.leaves:
        leaf.data = leaf.data.float()
    for norm in rounded.norms:
        norm.float()
    wanted, got = exact.fused(), rounded.fused()
    for a, b in zip(wanted, got, strict=True):
        error = (a - b.double()).abs().max() / a.abs().max()
        assert error < 1e-4


def test_it_keeps_less_than_the_separate_layers() -> None:
    def kept(outputs: Sequence[Tensor]) -> int:
        return sum(seen.values())

    seen: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    sizes = []
    for name in ("fused", "separate"):
        inputs = Inputs(3)
        seen.clear()
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            outputs = getattr(inputs, name)()
        sizes.append(kept(outputs))
    assert sizes[0] < 0.65 * sizes[1]
