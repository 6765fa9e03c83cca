"""nwot: the log-determinant of how far the images of a batch agree in which ReLUs they open.

With c_i the code of image i, 1 where a ReLU's input is above 0, over all N ReLUs of the network::

    K_ij = N − (number of places where c_i and c_j differ)          score = ln |det K|

Images that a network cannot tell apart have equal rows, and the score falls to −∞.
Source: Mellor et al. 2021, "Neural Architecture Search without Training", eq. 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from naslib_edd.supernet.layers import Head, ReLUConvBN, Statistics, evaluating


@torch.no_grad()
def nwot(network: nn.Module, images: Tensor, statistics: Statistics = "batch") -> float:
    """The score of a network on images [B, 3, H, W]; −∞ where K is singular.

    Args:
        network: untrained; its modules are those of :mod:`naslib_edd.supernet.layers`.
        images: normalised.
        statistics: of the batch norms: by the batch, or by the running ones (0 and 1 where nothing
            was trained).
    """
    kernel = agreement(network, images, statistics)
    sign, value = torch.linalg.slogdet(kernel)
    return float(value) if sign > 0 else float("-inf")


@torch.no_grad()
def agreement(network: nn.Module, images: Tensor, statistics: Statistics = "batch") -> Tensor:
    """K, float64 [B, B]: on how many ReLUs each two images agree."""
    count = len(images)
    kernel = torch.zeros(count, count, dtype=torch.float64, device=images.device)

    def see(before: Tensor) -> None:
        code = (before.reshape(count, -1) > 0).to(torch.float32)
        # Whole numbers below 2²⁴: exact in single precision.
        kernel.add_(code @ code.T).add_((1 - code) @ (1 - code).T)

    with evaluating(network, statistics), _watched(network, see):
        network(images)
    return kernel


@contextmanager
def _watched(network: nn.Module, see: object) -> Iterator[None]:
    """Shows the input of each ReLU: of a ReLUConvBN its own, of the head what leaves its norm.

    A space's own modules that begin with a ReLU say so: ``relu_first = True``.
    """
    hooks = []
    for module in network.modules():
        if isinstance(module, ReLUConvBN) or getattr(module, "relu_first", False):
            hooks.append(module.register_forward_pre_hook(lambda _, x: see(x[0])))  # type: ignore[operator]
        elif isinstance(module, Head):
            hooks.append(module.norm.register_forward_hook(lambda _, __, out: see(out)))  # type: ignore[operator]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
