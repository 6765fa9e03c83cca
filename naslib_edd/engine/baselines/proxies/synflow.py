"""synflow: how much all weights carry together from an input of ones to the output.

With every weight replaced by its absolute value and the norms left out, R is the sum of the outputs
for an image of ones, and the score Σ_w w·∂R/∂w over the weights of convolutions and of the linear
layer. No image is looked at. Its logarithm is given: it ranks alike, and does not overflow.
Source: Tanaka et al. 2020, "Pruning neural networks without any data by iteratively conserving
synaptic flow"; as a score of networks Abdelfattah et al. 2021, "Zero-Cost Proxies for Lightweight
NAS".
"""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn

from naslib_edd.supernet.layers import BatchNorm


def synflow(network: nn.Module, images: Tensor) -> float:
    """ln of the score, −∞ where nothing reaches the output.

    Args:
        network: untrained; it is not changed.
        images: only their size and device count, [B, 3, H, W].
    """
    twin = copy.deepcopy(network).double()
    weights = [m.weight for m in twin.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.abs_()
    for module in twin.modules():
        if isinstance(module, BatchNorm):
            module.forward = _as_it_is  # type: ignore[method-assign,assignment]
    ones = torch.ones(1, *images.shape[1:], dtype=torch.float64, device=images.device)
    gradients = torch.autograd.grad(twin(ones).sum(), weights, allow_unused=True)
    flow = sum(
        float((weight.detach() * gradient).sum())
        for weight, gradient in zip(weights, gradients, strict=True)
        if gradient is not None
    )
    return math.log(flow) if flow > 0 else float("-inf")


def _as_it_is(x: Tensor, *_: Any) -> Tensor:
    return x
