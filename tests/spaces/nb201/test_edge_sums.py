"""The hand-written backward of what leaves a node, against numeric gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from naslib_edd.spaces.nb201.edge_sums import edge_sums

LAYOUTS = ["contiguous_format", "channels_last"]


def draw(edges: int, layout: str, shape: tuple[int, ...] = (2, 3, 4, 2)) -> list[Tensor]:
    """a, b [B, C, H, W]; w, v [edges]."""
    generator = torch.Generator().manual_seed(edges)
    form = getattr(torch, layout)
    sizes = [shape, shape, (edges,), (edges,)]
    tensors = [torch.randn(size, generator=generator, dtype=torch.float64) for size in sizes]
    tensors[:2] = [tensor.contiguous(memory_format=form) for tensor in tensors[:2]]
    return [tensor.requires_grad_() for tensor in tensors]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("edges", [1, 2, 3])
def test_gradcheck(edges: int, layout: str) -> None:
    inputs = draw(edges, layout)
    assert torch.autograd.gradcheck(edge_sums, inputs)
    assert torch.autograd.gradgradcheck(edge_sums, inputs)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("edges", [1, 2, 3])
def test_gradcheck_with_batched_operations(edges: int, layout: str) -> None:
    form = getattr(torch, layout)
    batched = [torch.randn(2, 3 * edges, 4, 2, dtype=torch.float64) for _ in range(2)]
    inputs = draw(edges, layout)
    inputs += [tensor.contiguous(memory_format=form).requires_grad_() for tensor in batched]
    assert torch.autograd.gradcheck(edge_sums, inputs)
    a, b, w, v, one, three = inputs
    outputs = edge_sums(*inputs)
    for e, output in enumerate(outputs):
        part = slice(3 * e, 3 * e + 3)
        plain = w[e] * a + v[e] * b + one[:, part] + three[:, part]
        torch.testing.assert_close(output, plain, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("of_outputs", [*LAYOUTS, "neither"])
@pytest.mark.parametrize("shape", [(2, 3, 4, 2), (2, 1, 3, 3), (2, 3, 1, 1), (1, 2, 2, 2)])
def test_whatever_the_layouts(layout: str, of_outputs: str, shape: tuple[int, ...]) -> None:
    a, b, w, v = draw(3, layout, shape)
    outputs = edge_sums(a, b, w, v)
    plain = [w[e] * a + v[e] * b for e in range(3)]
    generator = torch.Generator().manual_seed(0)
    grads = []
    for e in range(3):
        grad = torch.randn(shape, generator=generator, dtype=torch.float64)
        if of_outputs == "neither":
            grads.append(grad.transpose(2, 3).contiguous().transpose(2, 3))
        else:
            grads.append(grad.contiguous(memory_format=getattr(torch, of_outputs)))
        torch.testing.assert_close(outputs[e], plain[e], rtol=1e-13, atol=1e-14)
        assert outputs[e].is_contiguous(memory_format=getattr(torch, layout))
    found = torch.autograd.grad(outputs, (a, b, w, v), grads)
    wanted = torch.autograd.grad(plain, (a, b, w, v), grads)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (3,), (0, 1), (2, 3)])
def test_only_the_gradients_that_are_wanted(wanted: tuple[int, ...]) -> None:
    tensors = [tensor.detach() for tensor in draw(2, "contiguous_format")]
    for number in wanted:
        tensors[number].requires_grad_()
    outputs = edge_sums(*tensors)
    sum(output.pow(2).sum() for output in outputs).backward()
    a, b, w, v = tensors
    plain = sum((w[e] * a + v[e] * b).pow(2).sum() for e in range(2))
    slow = torch.autograd.grad(plain, [tensors[number] for number in wanted])
    for number, gradient in zip(wanted, slow, strict=True):
        torch.testing.assert_close(tensors[number].grad, gradient)
    assert [t.grad is not None for t in tensors] == [number in wanted for number in range(4)]


def test_an_output_that_nothing_uses() -> None:
    a, b, w, v = draw(3, "contiguous_format")
    edge_sums(a, b, w, v)[1].sum().backward()
    assert w.grad is not None and w.grad[0] == w.grad[2] == 0
    torch.testing.assert_close(w.grad[1], a.detach().sum())
