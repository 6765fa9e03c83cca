"""The operations of the DARTS space as torch modules, for its supernets and its final networks.

Each maps [B, C, H, W] to [B, C, H/stride, W/stride]. A search network's norms are not affine, and
its pools have a norm behind them; a final network's norms are affine, and its pools have none.
Source: quark0/darts, ``cnn/operations.py``; noise: automl/RobustDARTS, ``src/operations.py``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.device import send
from naslib_edd.supernet.layers import BatchNorm


class Zero(nn.Module):
    """``none``: zeros."""

    def __init__(self, *, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Zeros of every stride-th place of x."""
        return x[:, :, :: self.stride, :: self.stride].mul(0.0)


class Noise(nn.Module):
    """``noise``: numbers of N(0, 1) in the place of the input.

    In training mode they come from torch's global generator on the CPU, which a checkpoint holds.
    In evaluation mode they are the same in each forward pass, and no generator moves.
    """

    seed: Tensor

    def __init__(self, *, stride: int) -> None:
        super().__init__()
        self.stride = stride
        # So that two edges do not pass on the same numbers.
        self.register_buffer("seed", torch.randint(2**31, ()))

    def forward(self, x: Tensor) -> Tensor:
        """Noise of the shape of every stride-th place of x, of its type and device."""
        shape = x[:, :, :: self.stride, :: self.stride].shape
        own = None if self.training else torch.Generator().manual_seed(int(self.seed))
        return send(torch.randn(shape, generator=own), x.device).to(x)


class Pool(nn.Module):
    """``max_pool_3x3`` or ``avg_pool_3x3`` (the padding not counted); a norm behind it, or none."""

    def __init__(self, *, kind: str, stride: int, norm: BatchNorm | None) -> None:
        super().__init__()
        self.kind, self.stride, self.norm = kind, stride, norm

    def forward(self, x: Tensor) -> Tensor:
        """The largest, or the mean, of 3×3 neighbours."""
        if self.kind == "max":
            out = F.max_pool2d(x, 3, stride=self.stride, padding=1)
        else:
            out = F.avg_pool2d(x, 3, stride=self.stride, padding=1, count_include_pad=False)
        return out if self.norm is None else self.norm(out)


class FactorizedReduce(nn.Module):
    """Half the size without a loss of places: two 1×1 convolutions of stride 2, one place apart.

    It is ``skip_connect`` where an edge halves the image, and brings the cell before last to the
    size of the last one behind a reduce cell.
    """

    #: for nwot, which counts ReLUs
    relu_first = True

    def __init__(self, *, channels_in: int, channels_out: int, affine: bool, running: bool) -> None:
        super().__init__()
        half = channels_out // 2
        self.conv_1 = nn.Conv2d(channels_in, half, 1, stride=2, bias=False)
        self.conv_2 = nn.Conv2d(channels_in, channels_out - half, 1, stride=2, bias=False)
        self.norm = BatchNorm(channels=channels_out, affine=affine, running=running)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C_in, H, W] to [B, C_out, ⌈H/2⌉, ⌈W/2⌉]."""
        x = F.relu(x)
        height, width = x.shape[2:]
        # An odd side lacks the last place of the second convolution: a zero.
        shifted = F.pad(x, (0, width % 2, 0, height % 2))[:, :, 1:, 1:]
        out: Tensor = self.norm(torch.cat([self.conv_1(x), self.conv_2(shifted)], dim=1))
        return out


class DepthwiseConvBN(nn.Module):
    """ReLU, a k×k convolution of each channel by itself, a 1×1 convolution, batch norm.

    With dilation 2 it is ``dil_conv``.
    """

    #: for nwot, which counts ReLUs
    relu_first = True

    def __init__(
        self,
        *,
        channels: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
        affine: bool,
        running: bool,
    ) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            channels,
            channels,
            kernel,
            stride=stride,
            padding=dilation * (kernel // 2),
            dilation=dilation,
            groups=channels,
            bias=False,
        )
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = BatchNorm(channels=channels, affine=affine, running=running)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] to [B, C, H/stride, W/stride]."""
        out: Tensor = self.norm(self.pointwise(self.depthwise(F.relu(x))))
        return out


class SepConv(nn.Module):
    """``sep_conv``: the depthwise block twice, the stride in the first."""

    def __init__(
        self, *, channels: int, kernel: int, stride: int, affine: bool, running: bool
    ) -> None:
        super().__init__()
        self.first = DepthwiseConvBN(
            channels=channels, kernel=kernel, stride=stride, affine=affine, running=running
        )
        self.second = DepthwiseConvBN(
            channels=channels, kernel=kernel, affine=affine, running=running
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] to [B, C, H/stride, W/stride]."""
        out: Tensor = self.second(self.first(x))
        return out


def build_operation(
    name: str, channels: int, stride: int, affine: bool, *, running: bool = True
) -> nn.Module:
    """One operation; its weights come from torch's global generator.

    Args:
        name: of :data:`~naslib_edd.spaces.darts.layout.OPERATIONS`, or ``noise``.
        channels: C, in and out.
        stride: 1, or 2 where the edge halves the image.
        affine: False in a search network, where pools have a norm; True in a final one.
        running: the norms keep running statistics.

    Raises:
        KeyError: no such operation.
    """
    kind, _, kernel = name.rpartition("_")
    if name == "none":
        return Zero(stride=stride)
    if name == "noise":
        return Noise(stride=stride)
    if name == "skip_connect" and stride == 1:
        return nn.Identity()
    if name == "skip_connect":
        return FactorizedReduce(
            channels_in=channels, channels_out=channels, affine=affine, running=running
        )
    if name in ("max_pool_3x3", "avg_pool_3x3"):
        norm = None if affine else BatchNorm(channels=channels, affine=False, running=running)
        return Pool(kind=kind[:3], stride=stride, norm=norm)
    if name in ("sep_conv_3x3", "sep_conv_5x5"):
        return SepConv(
            channels=channels, kernel=int(kernel[0]), stride=stride, affine=affine, running=running
        )
    if name in ("dil_conv_3x3", "dil_conv_5x5"):
        return DepthwiseConvBN(
            channels=channels,
            kernel=int(kernel[0]),
            stride=stride,
            dilation=2,
            affine=affine,
            running=running,
        )
    raise KeyError(name)


def drop_factors(
    shape: tuple[int, ...], probability: float, *, like: Tensor, generator: torch.Generator | None
) -> Tensor:
    """Factors of drop path: 0 with this probability, else 1/(1 − probability).

    Args:
        shape: of the result, for instance [cells, edges, B].
        probability: below 1.
        like: whose type and device the result has.
        generator: a CPU generator; None: torch's global one.
    """
    keep = 1 - probability
    draw = torch.rand(shape, generator=generator)  # on the CPU: the same on any device
    return send(draw < keep, like.device).to(like) / keep
