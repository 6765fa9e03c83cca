"""Sparse-noisy softmax (the paper's eq. 7, 8 and Algorithm 1).

Forward: β_t = softmax(A/t). Backward, for g = ∂l/∂β_t::

    ∂l/∂A = (1/t)·J(β_t)·g + (1/(s·t))·J(β_{st})·g        J(β)·g = β ⊙ (g − ⟨β, g⟩)

The second term, the noise, comes from a softer softmax at s·t: it still has a direction where the
first has saturated. ``s`` is a constant above 1 (the paper: 100), or ``"unit"``: s·t ≡ 1, so that
the noise temperature is 1 whatever t is.

It is no gradient of any function of A alone: eq. 9 says that the two terms may differ in sign.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from naslib_edd.errors import UserError
from naslib_edd.relaxation.base import Relaxation
from naslib_edd.relaxation.softmax import softmax_at, softmax_vjp

Scale = float | Literal["unit"]


def gradient_terms(
    logits: Tensor, t: Tensor | float, s: Scale, grad: Tensor
) -> tuple[Tensor, Tensor]:
    """The two terms of eq. 8, for logits and grad = ∂l/∂β of shape [..., M].

    Returns:
        (forward term, noise term), each of the logits' shape; their sum is ∂l/∂A.
    """
    noise_t = 1.0 if s == "unit" else s * t
    forward = softmax_vjp(softmax_at(logits, t), grad) / t
    noise = softmax_vjp(softmax_at(logits, noise_t), grad) / noise_t
    return forward, noise


class _SnSoftmaxFunction(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(logits: Tensor, t: Tensor, s: Scale, noise_weight: Tensor) -> Tensor:
        return softmax_at(logits, t)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        logits, t, ctx.s, noise_weight = inputs
        ctx.save_for_backward(logits, t, noise_weight)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        # Made of differentiable tensor functions, so a second derivative works too.
        logits, t, noise_weight = ctx.saved_tensors
        forward, noise = gradient_terms(logits, t, ctx.s, grad)
        return (forward + noise_weight * noise).to(logits.dtype), None, None, None


def sn_softmax(
    logits: Tensor,
    t: Tensor | float,
    s: Scale = "unit",
    *,
    noise_weight: Tensor | float = 1.0,
) -> Tensor:
    """softmax(logits / t) whose backward pass adds the noise term of eq. 8.

    Args:
        logits: [..., M]; the softmax is over the last dimension.
        t: temperature above 0, a number or a scalar tensor (it gets no gradient).
        s: scaling factor above 1, or ``"unit"`` for s·t ≡ 1.
        noise_weight: factor on the noise term; 1 is the paper's, 0 gives plain softmax.

    Returns:
        Edge weights β_t of the logits' shape.

    Raises:
        UserError: s is not above 1, or a number t is not above 0.
    """
    check_scale(s)
    if not isinstance(t, Tensor) and not t > 0:
        raise UserError(f"temperature t = {t} must be above 0")
    # t keeps to fp32 whatever the logits' precision: see softmax_at.
    dtype = torch.promote_types(logits.dtype, torch.float32)
    t_tensor, weight = (
        value.to(dtype=dtype, device=logits.device)
        if isinstance(value, Tensor)
        # Filled where it is needed: a tensor made on the host would have to be copied.
        else torch.full((), value, dtype=dtype, device=logits.device)
        for value in (t, noise_weight)
    )
    beta: Tensor = _SnSoftmaxFunction.apply(logits, t_tensor, s, weight)  # type: ignore[no-untyped-call]
    return beta


def check_scale(s: object) -> None:
    """Raise UserError unless s is ``"unit"`` or a number above 1 (Algorithm 1's condition)."""
    if s == "unit":
        return
    if isinstance(s, bool) or not isinstance(s, int | float) or not s > 1:
        raise UserError(
            f"sn-softmax needs s above 1 (the paper: 100), or 'unit' for s*t = 1; got {s!r}"
        )


class SnSoftmax(Relaxation):
    """Sparse-noisy softmax as a relaxation of the search loop.

    Args:
        s: scaling factor above 1, or ``"unit"``.
        noise_at_one: keep the noise term while t = 1 (the paper). The authors' release adds none
            there (``False``).
    """

    def __init__(self, *, s: Scale = "unit", noise_at_one: bool = True) -> None:
        check_scale(s)
        self.s: Scale = s
        self.noise_at_one = noise_at_one

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """Edge weights of logits [..., M] at t."""
        return sn_softmax(logits, t, self.s, noise_weight=self._weight(t))

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """softmax(A/t)."""
        return softmax_at(logits, t)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """(forward term, noise term) of eq. 8 for grad = ∂l/∂β."""
        forward, noise = gradient_terms(logits, t, self.s, grad)
        return forward, self._weight(t) * noise

    def _weight(self, t: Tensor) -> Tensor | float:
        return 1.0 if self.noise_at_one else (t != 1.0).to(t.dtype)
