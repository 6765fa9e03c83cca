"""A supernet under fixed edge weights: a network of images alone, as a proxy wants it."""

from __future__ import annotations

from torch import Tensor, nn

from naslib_edd.supernet.base import Supernet


class Under(nn.Module):
    """``supernet(·, beta)``.

    Args:
        supernet: the plain one, whose modules are the operations themselves.
        beta: edge weights [edges, operations].
    """

    def __init__(self, supernet: Supernet, beta: Tensor) -> None:
        super().__init__()
        self.supernet, self.beta = supernet, beta

    def forward(self, x: Tensor) -> Tensor:
        """Class scores [B, classes] of images [B, 3, H, W]."""
        out: Tensor = self.supernet(x, self.beta)
        return out
