"""The state of a search: what a checkpoint holds of an engine, and how it goes on from that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from naslib_edd.bilevel.optimizers import load_portable, portable_state
from naslib_edd.engine.build import gone_on

if TYPE_CHECKING:
    from naslib_edd.engine.engine import Engine


def state_of(engine: Engine) -> dict[str, Any]:
    """Everything that a resumed search needs: tensors, numbers and texts only."""
    return {
        "epoch": engine.epoch,
        "step": engine.step,
        "supernet": engine.supernet.state_dict(),
        "logits": engine.logits.detach(),
        "allowed": engine.allowed,
        "relaxation": engine.relaxation.state_dict(),
        "regularisers": [regulariser.state_dict() for regulariser in engine.regularisers],
        "bilevel": engine.bilevel.state_dict(),
        "drop_path": None if engine.drop_path is None else engine.drop_path.state_dict(),
        "stages": [stage.state_dict() for stage in engine.stages],
        # A stale gradient of the logits is part of the clipping norm: see FirstOrder.
        "logits_grad": engine.logits.grad,
        "weight_optimizer": portable_state(engine.weight_optimizer, rate=engine.rate),
        "logit_optimizer": portable_state(engine.logit_optimizer),
        "temperature": engine.temperature.state_dict(),
        "meters": engine.meters.state_dict(),
        "torch_rng": torch.get_rng_state(),
        "kernels": engine.kernels.as_dict(),
    }


def restore(engine: Engine, state: dict[str, Any]) -> None:
    """Go on from :func:`state_of`, bit for bit."""
    engine.epoch, engine.step = state["epoch"], state["step"]
    for stage, held in zip(engine.stages, state["stages"], strict=True):
        stage.load_state_dict(held)
        stage.restore(engine, engine.epoch)
    engine.supernet.load_state_dict(state["supernet"])
    with torch.no_grad():
        engine.logits.copy_(state["logits"])
        engine.allowed.copy_(state["allowed"])
    engine.relaxation.load_state_dict(state["relaxation"])
    for regulariser, held in zip(engine.regularisers, state.get("regularisers", ()), strict=False):
        regulariser.load_state_dict(held)
    engine.bilevel.load_state_dict(state["bilevel"])
    if engine.drop_path is not None:
        engine.drop_path.load_state_dict(state["drop_path"])
    grad = state["logits_grad"]
    engine.logits.grad = None if grad is None else grad.to(engine.device)
    load_portable(engine.weight_optimizer, state["weight_optimizer"])
    load_portable(engine.logit_optimizer, state["logit_optimizer"])
    engine.rate = state["weight_optimizer"]["param_groups"][0]["lr"]
    if engine.graphed is not None:
        engine.graphed.forget()
    engine.temperature.load_state_dict(state["temperature"])
    engine.set_temperature(engine.temperature.t)
    engine.meters.load_state_dict(state["meters"])
    torch.set_rng_state(state["torch_rng"].cpu())
    engine.kernels = gone_on(
        engine.kernels, state.get("kernels"), precision=engine.config.search.precision
    )
    if engine.step > 0:
        engine.begin_epoch()  # the stages have had their say before the checkpoint
