"""Optimizers that a CUDA graph can hold, and their state as a checkpoint keeps it.

A graph bakes in every Python number, so a rate that moves must be a tensor on the device. torch's
Adam has ``capturable`` for that; its SGD reads a tensor's value on the host.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

State = dict[str, Any]


class GraphSGD(torch.optim.SGD):
    """``torch.optim.SGD`` (momentum, Nesterov, weight decay) that reads its rate on the device.

    The same steps but for rounding: rate·d is rounded before it is subtracted.

    Args:
        lr: a scalar tensor on the parameters' device; fill it to change the rate.
        options: ``momentum``, ``nesterov`` and ``weight_decay`` of ``torch.optim.SGD``.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of every parameter that has a gradient."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if weights:
                self._step(weights, group)
        return loss

    def _step(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        moves = [weight.grad for weight in weights if weight.grad is not None]
        if group["weight_decay"]:
            moves = list(torch._foreach_add(moves, weights, alpha=group["weight_decay"]))
        if group["momentum"]:
            moves = self._with_momentum(weights, moves, group)
        torch._foreach_sub_(weights, torch._foreach_mul(moves, group["lr"]))

    def _with_momentum(
        self, weights: list[Tensor], moves: list[Tensor], group: dict[str, Any]
    ) -> list[Tensor]:
        for weight, move in zip(weights, moves, strict=True):
            if "momentum_buffer" not in self.state[weight]:
                self.state[weight]["momentum_buffer"] = torch.zeros_like(move)
        held = [self.state[weight]["momentum_buffer"] for weight in weights]
        torch._foreach_mul_(held, group["momentum"])
        torch._foreach_add_(held, moves)
        if not group["nesterov"]:
            return held
        return list(torch._foreach_add(moves, held, alpha=group["momentum"]))


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give all parameters this learning rate; a tensor keeps its place."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def portable_state(optimizer: torch.optim.Optimizer, *, rate: float | None = None) -> State:
    """``state_dict()`` as it is of an optimizer that no graph holds.

    Args:
        optimizer: of either kind.
        rate: the learning rate as it was set, which a tensor of fp32 holds rounded.
    """
    state = optimizer.state_dict()
    for group in state["param_groups"]:
        if isinstance(group["lr"], Tensor):
            group["lr"] = float(group["lr"]) if rate is None else rate
        if group.get("capturable"):
            group["capturable"] = False
    return state


def load_portable(optimizer: torch.optim.Optimizer, state: State) -> None:
    """Go on from :func:`portable_state`, of whichever kind the optimizer is."""
    rates = [group["lr"] for group in optimizer.param_groups]
    groups = [
        {**saved, "capturable": own["capturable"]} if "capturable" in own else saved
        for saved, own in zip(state["param_groups"], optimizer.param_groups, strict=True)
    ]
    optimizer.load_state_dict({**state, "param_groups": groups})
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        if isinstance(rate, Tensor):
            rate.fill_(group["lr"])
            group["lr"] = rate
