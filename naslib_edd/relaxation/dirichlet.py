"""Dirichlet weights: DrNAS' relaxation, a sample of each edge's simplex at every call.

With z = A/t, an edge draws β ~ Dirichlet(c), c = elu(z) + 1, by a pathwise (implicitly
reparametrised) sample: for g = ∂l/∂β::

    ∂l/∂c_i = D_i·(g_i − ⟨β, g⟩)        D_i = dβ_i/dc_i by the CDF of β_i ~ Beta(c_i, Σc − c_i)

D is torch's own, that of ``torch.distributions.Dirichlet.rsample``. Source: Chen et al. 2021,
"DrNAS: Dirichlet Neural Architecture Search", and its release, xiangning-chen/DrNAS. Their t is 1;
that a temperature divides the logits before elu is our reading.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.errors import UserError
from naslib_edd.relaxation.base import Relaxation

#: Below it elu(z) + 1 = exp(z) would be 0 in float64, and no concentration may be.
_LOWEST = -500.0


def concentration(logits: Tensor, t: Tensor | float = 1.0) -> Tensor:
    """elu(logits / t) + 1, above 0, in float64: of the logits' shape.

    A logit of minus infinity, which has no part in the Dirichlet, gives 0.
    """
    z = logits.double() / t
    # Not elu(z) + 1: near −37 and below that is 0, where exp(z) still is a number.
    small = z.clamp(_LOWEST, 0.0).exp()
    return torch.where(z > 0, z.clamp_min(0.0) + 1.0, small).masked_fill(logits == -torch.inf, 0.0)


def dirichlet_gradient(sample: Tensor, c: Tensor, grad: Tensor) -> Tensor:
    """∂l/∂c of a sample from Dirichlet(c), for grad = ∂l/∂sample; all [..., M] and float64.

    Entries of c that are 0 have no part in it: sample and gradient are 0 there.
    """
    there = c > 0
    # With one entry left the sample is 1 whatever c is, and torch's formula divides by zero.
    usual = there & (there.sum(-1, keepdim=True) > 1)
    total = c.sum(-1, keepdim=True).expand_as(c)
    slope = torch._dirichlet_grad(
        torch.where(usual, sample, 0.5), torch.where(usual, c, 1.0), torch.where(usual, total, 2.0)
    )
    inner = (sample * grad).sum(-1, keepdim=True)
    return torch.where(usual, slope * (grad - inner), 0.0)


class _Pathwise(torch.autograd.Function):
    """A sample as a function of its concentration."""

    @staticmethod
    def forward(ctx: Any, c: Tensor, sample: Tensor) -> Tensor:
        ctx.save_for_backward(c, sample)
        return sample.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        c, sample = ctx.saved_tensors
        return dirichlet_gradient(sample, c, grad), None


class Dirichlet(Relaxation):
    """β ~ Dirichlet(elu(A/t) + 1) on each edge, fresh at every call.

    Args:
        generator: the only source of the samples. One of the CPU makes each of them wait for a GPU.
    """

    def __init__(self, *, generator: torch.Generator) -> None:
        self.generator = generator
        self._sample: Tensor | None = None

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """Rows [..., M] of a new sample, each summing to 1, above 0 where a logit is finite."""
        c = concentration(logits, t)
        self._sample = self.draw(c.detach())
        return self.at(logits, t, self._sample)

    def at(self, logits: Tensor, t: Tensor, sample: Tensor) -> Tensor:
        """A given sample of the logits' shape as their β: what :meth:`__call__` does with its."""
        beta: Tensor = _Pathwise.apply(concentration(logits, t), sample.double())  # type: ignore[no-untyped-call]
        dtype = torch.promote_types(logits.dtype, torch.float32)
        # Float32 has no room for the smallest: an operation that takes part keeps a weight above 0.
        floor = torch.where(sample > 0, torch.finfo(dtype).tiny, 0.0)
        return (beta + (torch.maximum(sample, floor) - sample)).to(dtype)

    def draw(self, c: Tensor) -> Tensor:
        """A sample of Dirichlet(c), float64 [..., M]; 0 where c is 0.

        In logarithms, so that no concentration is too small: with c below 1, a Gamma(c) variable
        is one of Gamma(c + 1) times U**(1/c) (Marsaglia & Tsang 2000).
        """
        shape = c.detach().to(self.generator.device)
        there, low = shape > 0, shape < 1
        shape = shape.where(there, 1.0)
        gamma = torch._standard_gamma(shape + low, generator=self.generator)
        uniform = torch.empty_like(shape).uniform_(generator=self.generator)
        # 1 − U is above 0 where U may be 0.
        log = gamma.log() + torch.where(low & there, torch.log1p(-uniform) / shape, 0.0)
        log = torch.where(there, log, -torch.inf)
        tiny = torch.finfo(c.dtype).tiny
        sample = torch.softmax(log, dim=-1).clamp(tiny, 1 - torch.finfo(c.dtype).eps / 2)
        alone = there.sum(-1, keepdim=True) == 1
        return torch.where(alone, 1.0, sample).where(there, 0.0).to(c)

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """The mean of the Dirichlet, c / Σc. Draws nothing."""
        c = concentration(logits, t)
        return (c / c.sum(-1, keepdim=True)).to(torch.promote_types(logits.dtype, torch.float32))

    def quiet(self, logits: Tensor, t: Tensor) -> Tensor:
        """The mean, too."""
        return self.expected(logits, t)

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """(pathwise gradient at the last sample, zeros), for grad = ∂l/∂β."""
        if self._sample is None:
            raise RuntimeError("no sample was drawn yet: call the relaxation first")
        with torch.enable_grad():
            leaf = logits.detach().requires_grad_()
            (forward,) = torch.autograd.grad(self.at(leaf, t, self._sample), leaf, grad)
        return forward, torch.zeros_like(forward)

    def state_dict(self) -> dict[str, Tensor]:
        """Where the generator is."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from :meth:`state_dict`.

        Raises:
            UserError: the samples so far were drawn on another kind of device.
        """
        held = state["generator"].cpu()
        if held.shape != self.generator.get_state().shape:
            raise UserError(
                "the samples of search.relaxation: dirichlet are drawn on the device, and this "
                f"search was begun on another kind than {self.generator.device.type}: go on there, "
                "or start over with --force"
            )
        self.generator.set_state(held)
