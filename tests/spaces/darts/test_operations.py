"""The operations of the DARTS space."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from naslib_edd.spaces.darts.layout import NOISE, OPERATIONS
from naslib_edd.spaces.darts.operations import (
    FactorizedReduce,
    Noise,
    build_operation,
    drop_factors,
)


def parameters(module: nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


@pytest.mark.parametrize("name", (*OPERATIONS, NOISE))
@pytest.mark.parametrize("stride", (1, 2))
@pytest.mark.parametrize("affine", (True, False))
def test_shapes(name: str, stride: int, affine: bool) -> None:
    out = build_operation(name, 4, stride, affine)(torch.randn(2, 4, 8, 8))
    assert out.shape == (2, 4, 8 // stride, 8 // stride)


# Convolutions of width C: depthwise k²C, pointwise C²; an affine norm 2C.
@pytest.mark.parametrize(
    ("name", "stride", "convolutions", "norms"),
    [
        ("none", 1, 0, 0),
        ("noise", 2, 0, 0),
        ("max_pool_3x3", 2, 0, 0),
        ("skip_connect", 1, 0, 0),
        ("skip_connect", 2, 6 * 6, 1),
        ("sep_conv_3x3", 1, 2 * (9 * 6 + 36), 2),
        ("sep_conv_5x5", 2, 2 * (25 * 6 + 36), 2),
        ("dil_conv_3x3", 1, 9 * 6 + 36, 1),
        ("dil_conv_5x5", 2, 25 * 6 + 36, 1),
    ],
)
def test_parameters(name: str, stride: int, convolutions: int, norms: int) -> None:
    assert parameters(build_operation(name, 6, stride, False)) == convolutions
    assert parameters(build_operation(name, 6, stride, True)) == convolutions + norms * 12


def test_pools_have_a_norm_in_the_search_only() -> None:
    x = 3 + torch.randn(8, 4, 8, 8)
    for name in ("max_pool_3x3", "avg_pool_3x3"):
        searching = build_operation(name, 4, 1, False)(x)
        torch.testing.assert_close(searching.mean((0, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
        assert build_operation(name, 4, 1, True)(x).mean() > 2


def test_average_pool_counts_no_padding() -> None:
    ones = torch.ones(1, 4, 8, 8)
    assert torch.equal(build_operation("avg_pool_3x3", 4, 1, True)(ones), ones)


def test_a_dilated_convolution_sees_every_second_place() -> None:
    module = build_operation("dil_conv_3x3", 1, 1, True).eval()
    with torch.no_grad():
        for each in module.modules():
            if isinstance(each, nn.Conv2d):
                each.weight.fill_(1)
    x = torch.zeros(1, 1, 9, 9)
    x[0, 0, 4, 4] = 1
    reached = (module(x)[0, 0] > 0.5).nonzero().tolist()
    assert reached == [[row, column] for row in (2, 4, 6) for column in (2, 4, 6)]


def test_the_halves_of_a_factorized_reduce_look_at_other_places() -> None:
    module = FactorizedReduce(channels_in=1, channels_out=2, affine=False, running=True).eval()
    with torch.no_grad():
        module.conv_1.weight.fill_(1)
        module.conv_2.weight.fill_(1)
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    first, second = module(x)[0] * (1 + 1e-5) ** 0.5
    torch.testing.assert_close(first, torch.tensor([[0.0, 2.0], [8.0, 10.0]]))
    torch.testing.assert_close(second, torch.tensor([[5.0, 7.0], [13.0, 15.0]]))
    assert module(torch.randn(1, 1, 7, 5)).shape == (1, 2, 4, 3)


def test_noise_is_the_seeds_in_training_and_still_in_evaluation() -> None:
    module = Noise(stride=2)
    x = torch.zeros(4, 8, 16, 16)
    torch.manual_seed(3)
    first = module(x)
    second = module(x)
    torch.manual_seed(3)
    assert torch.equal(first, module(x))
    assert not torch.equal(first, second)
    assert abs(float(first.mean())) < 0.1
    assert abs(float(first.std()) - 1) < 0.1
    module.eval()
    before = torch.get_rng_state()
    assert torch.equal(module(x), module(x))
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(4)
    other = Noise(stride=2).eval()
    assert not torch.equal(module(x), other(x))
    other.load_state_dict(module.state_dict())
    assert torch.equal(module(x), other(x))


def test_an_unknown_operation() -> None:
    with pytest.raises(KeyError):
        build_operation("sep_conv_9x9", 4, 1, True)


def test_drop_factors_keep_the_mean() -> None:
    like = torch.zeros(1, dtype=torch.float64)
    found = drop_factors((200, 100), 0.25, like=like, generator=torch.Generator().manual_seed(0))
    assert found.dtype == torch.float64
    assert set(found.unique().tolist()) == {0.0, 1 / 0.75}
    assert abs(float(found.mean()) - 1) < 0.02
    assert torch.equal(drop_factors((3,), 0.0, like=like, generator=None), torch.ones(3).double())
