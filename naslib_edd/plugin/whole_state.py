"""The state of a search on NASLib beside the graph's weights, and how it goes on from that."""

from __future__ import annotations

from typing import Any

import torch

from naslib_edd.errors import UserError
from naslib_edd.plugin import rng
from naslib_edd.plugin.adapted import Adapted


def state_of(optimizer: Adapted) -> dict[str, Any]:
    """Tensors, numbers and texts only."""
    layout = optimizer.layout
    return {
        "method": optimizer.method,
        "logits": layout.written(optimizer.logits.detach()),
        "logits_grad": optimizer.logits.grad,
        "allowed": layout.written(optimizer.parts.allowed),
        "weight_optimizer": optimizer.op_optimizer.state_dict(),
        "logit_optimizer": optimizer.arch_optimizer.state_dict(),
        "temperature": optimizer.temperature.state_dict(),
        **optimizer.parts.state(),
        "bilevel": optimizer.training.bilevel.state_dict(),
        "stages": optimizer.stages.state(),
        "meters": optimizer.meters.state_dict(),
        "epoch": optimizer.epoch,
        "open": optimizer.open_epoch,
        "learning_rate": optimizer.learning_rate,
        "history": optimizer.history,
        "rng": rng.state(),
    }


@torch.no_grad()
def restore(optimizer: Adapted, state: dict[str, Any]) -> None:
    """Go on from :func:`state_of`.

    Raises:
        UserError: the state is another method's.
    """
    if state["method"] != optimizer.method:
        raise UserError(
            f"this checkpoint is of {state['method']}, not of {optimizer.method}; "
            "use the same optimizer, or another out_dir"
        )
    layout, logits = optimizer.layout, optimizer.logits
    logits.copy_(layout.placed(state["logits"]))
    grad = state["logits_grad"]
    logits.grad = None if grad is None else grad.to(logits)
    if "allowed" in state:
        optimizer.parts.allowed.copy_(layout.placed(state["allowed"]))
    optimizer.op_optimizer.load_state_dict(state["weight_optimizer"])
    optimizer.arch_optimizer.load_state_dict(state["logit_optimizer"])
    optimizer.temperature.load_state_dict(state["temperature"])
    optimizer.parts.load_state(state)
    optimizer.training.bilevel.load_state_dict(state["bilevel"])
    optimizer.stages.load_state(state.get("stages", []), state["epoch"])
    optimizer.meters.load_state_dict(state["meters"])
    optimizer.t.fill_(optimizer.temperature.t)
    optimizer.epoch, optimizer.open_epoch = state["epoch"], state["open"]
    optimizer.learning_rate = state["learning_rate"]
    optimizer.history = list(state["history"])
    optimizer.rng_to_come = state["rng"]
