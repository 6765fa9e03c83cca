"""The class scores of a network that may have an auxiliary head."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


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
