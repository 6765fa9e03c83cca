"""What NASLib's Trainer lacks, put right from the optimizer's side, whichever Trainer it is.

The Trainer gives its optimizer no reference to itself; the optimizer finds it as its caller.
"""

from __future__ import annotations

import sys
from typing import Any

import torch

from naslib_edd.plugin.adapted import Adapted

#: Of the trajectory in errors.json, the field of our row that says the same.
SAME = {
    "train_acc": "train_acc",
    "train_loss": "train_loss",
    "valid_acc": "val_acc",
    "valid_loss": "val_loss",
    "runtime": "seconds",
}


class ShownRate:
    """In the place of NASLib's scheduler: it says the rate that is used, and changes none."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def step(self) -> None:
        """Nothing: the optimizer of NASLib's kind sets the rate itself."""

    def get_last_lr(self) -> list[float]:
        """The rate of each group of parameters."""
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Nothing to save."""
        return {}

    def load_state_dict(self, _: dict[str, Any]) -> None:
        """Nothing to restore."""


def calling_trainer(optimizer: object) -> Any | None:
    """The Trainer whose method called the optimizer's; None if it was someone else."""
    frame = sys._getframe(2)
    caller = frame.f_locals.get("self")
    return caller if getattr(caller, "optimizer", None) is optimizer else None


def put_right(trainer: Any, optimizer: Adapted, epoch: int) -> None:
    """At the beginning of an epoch (from 0): the rate in the log, and the epochs before a resume.

    NASLib's checkpoints lack the trajectory, so that errors.json would begin anew.
    """
    if hasattr(trainer, "scheduler") and not isinstance(trainer.scheduler, ShownRate):
        trainer.scheduler = ShownRate(optimizer.op_optimizer)
    trajectory = getattr(trainer, "search_trajectory", None)
    if trajectory is None:
        return
    for key, name in SAME.items():
        held = trajectory[key]
        if len(held) < epoch <= len(optimizer.history):
            held += [row[name] for row in optimizer.history[len(held) : epoch]]
