"""nwot: against ReLUs that are watched where PyTorch computes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from naslib_edd.engine.baselines.proxies import Under, nwot
from naslib_edd.engine.baselines.proxies.nwot import agreement
from naslib_edd.spaces.nb201.network import build
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.supernet.layers import Statistics, evaluating

ARCH = "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_3x3~1|none~2|"


class Watch(TorchFunctionMode):
    """Keeps the input of every call of relu."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.relu:
            self.seen.append(args[0].detach().clone())
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("statistics", ["batch", "running"])
@pytest.mark.parametrize("kind", ["architecture", "supernet"])
def test_it_is_the_hamming_kernel_of_all_relus(kind: str, statistics: Statistics) -> None:
    torch.manual_seed(0)
    network: torch.nn.Module = build(ARCH, channels=4, cells=2)
    if kind == "supernet":
        beta = torch.randn(6, 5).softmax(-1)
        network = Under(PlainSupernet(channels=4, cells=1), beta)
    images = torch.randn(7, 3, 8, 8)
    with evaluating(network, statistics), Watch() as watch, torch.no_grad():
        network(images)
    codes = np.concatenate([(x > 0).reshape(7, -1).numpy() for x in watch.seen], axis=1)
    differing = (codes[:, None] != codes[None]).sum(-1)
    wanted = codes.shape[1] - differing
    np.testing.assert_array_equal(agreement(network, images, statistics).numpy(), wanted)
    sign, value = np.linalg.slogdet(wanted.astype(float))
    assert sign == 1 and nwot(network, images, statistics) == pytest.approx(value, rel=1e-9)


def test_images_that_look_alike_score_lowest() -> None:
    torch.manual_seed(0)
    network = build(ARCH, channels=4, cells=1)
    images = torch.randn(4, 3, 8, 8)
    assert math.isfinite(nwot(network, images, "running"))
    images[1] = images[0]
    assert nwot(network, images, "running") == -math.inf


def test_the_network_is_left_as_it_was() -> None:
    network = build(ARCH, channels=4, cells=1).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    nwot(network, torch.randn(4, 3, 8, 8))
    assert network.training and not any(m._forward_pre_hooks for m in network.modules())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
