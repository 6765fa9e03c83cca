"""``skip_connect`` where an edge halves the image (FactorizedReduce), before its norm."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.supernet.moments import rows_of


def reduced(x: Tensor, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Two 1×1 convolutions [C/2, C, 1, 1] of every second place of ReLU(x), one place apart.

    Returns:
        z [B, C, ⌈H/2⌉, ⌈W/2⌉], and its mean and biased variance, fp64 [2, C].
    """
    places = _places(x)
    parts = [
        rows_of(at) @ kernel.flatten(1).t()
        for at, kernel in zip(places, (first, second), strict=True)
    ]
    rows = torch.cat(parts, 1)
    variance, mean = torch.var_mean(rows, 0, correction=0)
    return _image(rows, places[0]), torch.stack([mean, variance]).double()


def reduce_backward(
    grad: Tensor,
    z: Tensor,
    coefficients: Sequence[Tensor],
    x: Tensor,
    weights: Sequence[Tensor],
    behind: Tensor,
    wanted: bool,
) -> list[Tensor | None]:
    """Backward of :func:`reduced` and of the norm that follows it.

    Args:
        grad: g, of the size of z.
        z: what :func:`reduced` gave.
        coefficients: p, q and s, [C] each: z's gradient is p·g + q·z + s.
        x, weights: as they were given.
        behind: what the gradient of ReLU(x) is added to, in place.
        wanted: whether the gradients of both kernels are.
    """
    p, q, s = coefficients
    dz = p * rows_of(grad) + q * rows_of(z) + s
    half = len(weights[0])
    found: list[Tensor | None] = []
    places = zip(_places(x), weights, dz.split([half, len(p) - half], 1), strict=True)
    for number, (at, kernel, of_rows) in enumerate(places):
        back = _image(of_rows @ kernel.flatten(1), at)
        height, width = behind[:, :, number::2, number::2].shape[2:]
        behind[:, :, number::2, number::2] += back[:, :, :height, :width]
        of_kernel = (of_rows.t() @ rows_of(at)).reshape(kernel.shape) if wanted else None
        found.append(of_kernel)
    return found


def _places(x: Tensor) -> tuple[Tensor, Tensor]:
    """Every second place of ReLU(x), from the first on and from the second on."""
    height, width = x.shape[2:]
    # An odd side lacks the last place of the second: a zero.
    shifted = F.pad(x, (0, width % 2, 0, height % 2))[:, :, 1::2, 1::2]
    return _rectified(x[:, :, ::2, ::2]), _rectified(shifted)


def _rectified(x: Tensor) -> Tensor:
    return x.relu().contiguous(memory_format=torch.channels_last)


def _image(rows: Tensor, like: Tensor) -> Tensor:
    """Rows [B·H·W, C] as [B, C, H, W], channels-last, of another tensor's size."""
    images, _, height, width = like.shape
    return rows.reshape(images, height, width, -1).permute(0, 3, 1, 2)
