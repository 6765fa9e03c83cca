"""The kernels as functions of tensors."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from naslib_edd.supernet.native.convolutions import ConvolutionKernels
from naslib_edd.supernet.native.nodes import POINTERS, NodeKernels
from naslib_edd.supernet.native.sampled import SampledKernels, address

_SUFFIX = {torch.float32: "f32", torch.float64: "f64"}
#: Those that are there for convolutions in half precision, too; all else is then fp32.
_HALF = ("moments", "forward", "sums", "norm_backward", "gradient")
_SIZES = 5  # images, height, width, channels, edges
#: Function → how many pointers it takes, then how many doubles, then how many sizes.
_ARGUMENTS = {
    "average_pool": (2, 0, _SIZES),
    "average_pool_backward": (2, 0, _SIZES),
    "moments": (3, 0, _SIZES),
    "rectify": (5, 0, _SIZES),
    "forward": (9, 0, _SIZES),
    "sums": (9, 0, _SIZES),
    "norm_backward": (6, 0, _SIZES),
    "gradient": (9, 0, _SIZES),
    "winograd": (5, 0, _SIZES),
    "winograd_backward": (9, 0, _SIZES),
    "pointwise": (5, 0, _SIZES),
    "pointwise_backward": (9, 0, _SIZES),
    "combine": (6, 0, _SIZES),
    "arriving": (6, 0, _SIZES),
    "gather": (5, 0, _SIZES),
    "fold": (16, 2, 2),
    "unfold": (19, 1, 2),
    **{name: (pointers, 0, 0) for name, pointers in POINTERS.items()},
}
#: Function and type → its name in the library.
SYMBOLS = {
    (name, dtype): f"{name}_{suffix}"
    for name in _ARGUMENTS
    for dtype, suffix in (_SUFFIX | ({torch.bfloat16: "bf16"} if name in _HALF else {})).items()
}


class Folded(NamedTuple):
    """What the norms and weights of a node's convolutions come to; see ``coefficients.h``."""

    pointwise: Tensor  # [C, E·C]
    spread: Tensor  # [E·C, C]; the others [E·C]
    factor: Tensor
    deviation: Tensor
    gain3: Tensor
    inverse3: Tensor
    shift: Tensor
    mean1: Tensor
    variance1: Tensor


class Sums(NamedTuple):
    """Sums over batch and pixels of the gradients g of all edges."""

    total: Tensor  # Σg [E·C]
    along: Tensor  # Σg·(y3 − mean) [E·C]
    products: Tensor  # Σg·ReLU(h)ᵀ [E·C, C]
    skip: Tensor | None  # ⟨h, g_e⟩ [E]
    pool: Tensor | None  # ⟨average_pool(h), g_e⟩ [E]


class Unfolded(NamedTuple):
    """What the gradients of a node are made of, from the sums; see ``coefficients.h``."""

    slope: Tensor  # [E·C]
    rest: Tensor  # [E·C]
    weighted: Tensor  # [E·C, C]
    back: Tensor  # [C, C]
    constant: Tensor  # [C]
    of_beta1: Tensor  # [E]
    of_beta3: Tensor  # [E]
    of_kernel: Tensor | None  # [E·C, C]


class Kernels(ConvolutionKernels, SampledKernels, NodeKernels):
    """The functions of the library on tensors [B, C, H, W] in channels-last memory, on a CPU."""

    def __init__(self, library: ctypes.CDLL, *, convolves: bool) -> None:
        self.convolves = convolves
        self._functions: dict[tuple[str, torch.dtype], Any] = {}
        for (name, dtype), symbol in SYMBOLS.items():
            pointers, doubles, sizes = _ARGUMENTS[name]
            function = getattr(library, symbol)
            function.restype = None
            function.argtypes = [
                *[ctypes.c_void_p] * pointers,
                *[ctypes.c_double] * doubles,
                *[ctypes.c_int64] * sizes,
                *[ctypes.c_int] * (sizes == _SIZES),
            ]
            self._functions[name, dtype] = function

    def average_pool(self, x: Tensor) -> Tensor:
        """The 3×3 average pool of x, stride 1, the padding not counted."""
        out = torch.empty_like(x)
        self._pass("average_pool", x, 1, x, out)
        return out

    def average_pool_backward(self, grad: Tensor) -> Tensor:
        """The gradient of its input, for the gradient of its output."""
        out = torch.empty_like(grad)
        self._pass("average_pool_backward", grad, 1, grad, out)
        return out

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance [C] of x [B, C, H, W] over batch and pixels."""
        mean, variance = x.new_empty(2, x.shape[1], dtype=_computed(x.dtype)).unbind()
        self._pass("moments", x, 1, x, mean, variance)
        return mean, variance

    def rectify(self, h: Tensor, convolved: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """r = ReLU(h) [B, C, H, W], and over batch and pixels its mean [C] and covariance [C, C].

        Args:
            h: a node's value.
            convolved: the type that convolutions take r in: h's own, or bf16.

        Returns:
            r, r in that type (itself, if it is its own), the mean and the covariance.
        """
        channels = h.shape[1]
        rectified, mean = torch.empty_like(h), h.new_empty(channels)
        covariance = h.new_empty(channels, channels)
        half = None if convolved == h.dtype else torch.empty_like(h, dtype=convolved)
        self._pass("rectify", h, 1, h, rectified, half, mean, covariance)
        return rectified, rectified if half is None else half, mean, covariance

    def fold(
        self,
        kernel: Tensor,
        moments1: tuple[Tensor, Tensor],
        moments3: tuple[Tensor, Tensor],
        beta1: Tensor,
        beta3: Tensor,
        *,
        eps: tuple[float, float],
    ) -> Folded:
        """The coefficients of the forward pass.

        Args:
            kernel: the 1×1 convolutions of all edges [E·C, C].
            moments1: mean [C] and covariance [C, C] of their input.
            moments3: mean and variance [E·C] of the 3×3 convolutions' output.
            beta1, beta3: the weights of both kinds of convolutions [E].
            eps: of their batch norms.
        """
        batched, channels = kernel.shape
        vectors = kernel.new_empty(7, batched).unbind()
        matrices = kernel.new_empty(channels, batched), torch.empty_like(kernel)
        found = Folded(*matrices, *vectors)
        given = (kernel, *moments1, beta1, beta3, *moments3)
        self._functions["fold", kernel.dtype](
            *(one.data_ptr() for one in (*given, *found)), *eps, channels, len(beta1)
        )
        return found

    def forward(
        self,
        h: Tensor,
        y3: Tensor,
        folded: Folded,
        skip: Tensor,
        pool: Tensor,
        before: Sequence[Tensor | None],
    ) -> list[Tensor]:
        """before_e + gain3·y3_e + shift + W_e·ReLU(h) + skip_e·h + pool_e·average_pool(h), each e.

        Wᵀ is ``folded.pointwise``: the 1×1 convolutions are made on the way.
        """
        totals = [torch.empty_like(h) for _ in before]
        coefficients = folded.pointwise, y3, folded.gain3, folded.shift
        arguments = h, *coefficients, skip, pool, before, totals
        self._pass("forward", h, len(skip), *arguments, of_type=y3.dtype)
        return totals

    def sums(
        self,
        grads: Sequence[Tensor],
        y3: Tensor,
        h: Tensor,
        mean: Tensor,
        *,
        of_passes: bool,
    ) -> Sums:
        """All that the backward pass needs of sums, in one pass.

        Args:
            of_passes: also those of the weights of skip and pool.
        """
        total, along = mean.new_empty(2, len(mean)).unbind()
        products = h.new_empty(len(mean), h.shape[1])
        skip, pool = h.new_empty(2, len(grads)).unbind() if of_passes else (None, None)
        found = Sums(total, along, products, skip, pool)
        self._pass("sums", h, len(grads), grads, y3, h, mean, *found, of_type=y3.dtype)
        return found

    def unfold(
        self,
        kernel: Tensor,
        mean: Tensor,
        folded: Folded,
        mean3: Tensor,
        sums: Sums,
        *,
        count: int,
        of_kernel: bool,
    ) -> Unfolded:
        """The coefficients of the backward pass.

        Args:
            kernel, mean, folded, mean3: as in :meth:`fold`.
            sums: those of the gradients.
            count: batch times pixels.
            of_kernel: also the gradient of ``kernel``.
        """
        batched, channels = kernel.shape
        edges = batched // channels
        slope, rest = kernel.new_empty(2, batched).unbind()
        of_beta1, of_beta3 = kernel.new_empty(2, edges).unbind()
        found = Unfolded(
            slope, rest, torch.empty_like(kernel), kernel.new_empty(channels, channels),
            kernel.new_empty(channels), of_beta1, of_beta3,
            torch.empty_like(kernel) if of_kernel else None,
        )  # fmt: skip
        of_fold = folded.spread, folded.factor, folded.deviation, folded.gain3, folded.inverse3
        given = (kernel, mean, *of_fold, mean3, sums.total, sums.along, sums.products)
        self._functions["unfold", kernel.dtype](
            *(address(one) for one in (*given, *found)), count, channels, edges
        )
        return found

    def norm_backward(
        self, grads: Sequence[Tensor], y3: Tensor, a: Tensor, b: Tensor, constant: Tensor
    ) -> Tensor:
        """a·g + b·y3 + constant, the three [E·C]: [B, E·C, H, W]."""
        out = torch.empty_like(y3)
        arguments = grads, y3, a, b, constant, out
        self._pass("norm_backward", grads[0], len(grads), *arguments, of_type=y3.dtype)
        return out

    def gradient(
        self,
        dr: Tensor,
        grads: Sequence[Tensor],
        rectified: Tensor,
        unfolded: Unfolded,
        skip: Tensor,
        pool: Tensor,
    ) -> Tensor:
        """The gradient of h: what has come through ReLU, and past it.

        (dr + Σ Wᵀ_e·g_e + backᵀ·r + constant) where r > 0, + Σ skip_e·g_e + the average pool's
        backward of Σ pool_e·g_e. W is ``unfolded.weighted``.
        It is written over dr, unless that is bf16.
        """
        dh = dr if dr.dtype == rectified.dtype else torch.empty_like(rectified)
        coefficients = unfolded.weighted, unfolded.back, unfolded.constant
        arguments = grads, rectified, *coefficients, skip, pool, dr, dh
        self._pass("gradient", dr, len(skip), *arguments)
        return dh

    def _pass(
        self,
        name: str,
        of: Tensor,
        edges: int,
        *arguments: Any,
        of_type: torch.dtype | None = None,
    ) -> None:
        images, channels, height, width = of.shape
        self._functions[name, of_type or of.dtype](
            *(address(one) for one in arguments),
            *(images, height, width, channels, edges),
            torch.get_num_threads(),
        )


def _computed(dtype: torch.dtype) -> torch.dtype:
    """The type that is computed in: half precision is only kept."""
    return torch.float32 if dtype == torch.bfloat16 else dtype
