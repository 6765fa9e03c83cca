"""The network that is trained, and what it costs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

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


def scores_of(output: Any) -> tuple[Tensor, Tensor | None]:
    """What a network gave, as scores and the auxiliary head's, which may be missing."""
    if isinstance(output, tuple):
        return output[0], output[1]
    return output, None


class ScoresAlone(nn.Module):
    """A network as one of class scores alone, for use after training."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Class scores [B, classes] of images [B, 3, H, W]."""
        return scores_of(self.network(x))[0]


def parameters(network: nn.Module) -> int:
    """How many weights it has, without the auxiliary head's."""
    return sum(
        weight.numel()
        for name, weight in network.named_parameters()
        if not name.startswith(AUXILIARY)
    )


@torch.no_grad()
def multiply_adds(network: nn.Module, *, size: int) -> int:
    """Of convolutions and linear layers, for one image of size × size pixels."""
    from naslib_edd.spaces.nb201.network import measure

    return measure(network, size=size).flops
