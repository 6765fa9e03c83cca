"""What a network of any space costs, counted on the network itself."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Cost(NamedTuple):
    """What a network costs."""

    parameters: int
    flops: int


def measure(network: nn.Module, *, size: int = 32) -> Cost:
    """Parameters, and multiply-adds of convolutions and linear layers for one size×size image.

    Counted on the network itself, by hooks, so that it holds the formulas to account.
    """
    flops = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal flops
        if isinstance(module, nn.Conv2d):
            per_position = module.weight.shape[1:].numel()
            flops += per_position * output[0].numel()
        elif isinstance(module, nn.Linear):
            flops += module.weight.numel()

    hooks = [module.register_forward_hook(count) for module in network.modules()]
    was_training = network.training
    try:
        network.eval()
        with torch.no_grad():
            # Of the network's own type and device.
            network(next(network.parameters()).new_zeros(1, 3, size, size))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return Cost(sum(p.numel() for p in network.parameters()), flops)
