"""The network that is trained, and what it costs."""

from __future__ import annotations

from torch import nn

from naslib_edd.errors import UserError
from naslib_edd.retrain.settings import Settings
from naslib_edd.spaces import Kept, Space

#: How the auxiliary head's weights are named: no part of the network that is used.
AUXILIARY = "auxiliary."


def build(space: Space, arch: Kept, settings: Settings, *, classes: int) -> nn.Module:
    """One architecture's network; its weights come from torch's global generator.

    In training mode it may give (scores, auxiliary scores).

    Raises:
        UserError: the space's networks have no auxiliary head, drop path or other stem.
    """
    network = space.full_network(
        arch,
        channels=settings.channels,
        cells=settings.cells,
        classes=classes,
        auxiliary=settings.auxiliary > 0,
        stem=settings.stem,
    )
    if settings.drop_path > 0 and not hasattr(network, "drop_path"):
        raise UserError(
            f"networks of {space.title} have no drop path: set drop_path=0, or choose a recipe of "
            "that space"
        )
    return network


def parameters(network: nn.Module) -> int:
    """How many weights it has, without the auxiliary head's."""
    return sum(
        weight.numel()
        for name, weight in network.named_parameters()
        if not name.startswith(AUXILIARY)
    )
