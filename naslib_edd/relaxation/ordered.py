"""Ordered sampling: one operation an edge at a time, and in a round each of them once.

A round draws Gumbel noise G for each edge and orders its operations by P = log softmax(A) + G
(which is sampling without replacement); every call takes the next operation of the order. So every
operation is trained equally often whatever its logit is, and a network need hold one path only.
Backward: as if β were softmax(P / t), the straight-through gradient of GDAS.

After the ordered differentiable sampling of SurgeNAS (Luo et al. 2022), which has no public code;
rounds by Gumbel noise and the straight-through gradient are our reading of it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from naslib_edd.device import send
from naslib_edd.relaxation.base import Relaxation
from naslib_edd.relaxation.softmax import softmax_at, softmax_vjp


class Ordered(Relaxation):
    """One-hot rows; in M calls each of the M operations of an edge comes once.

    Args:
        generator: a CPU generator; the only source of the orders.
        streams: orders that take turns, one a call: 2 where a step calls twice (for the weights
            and for the logits), so that each of the two sees whole rounds; 1 where it calls once.
    """

    sampled = True

    def __init__(self, *, generator: torch.Generator, streams: int = 2) -> None:
        self.generator, self.streams = generator, streams
        self._calls = 0
        # Each stream's noise, and the operations that its round still has to take.
        self._noise: Tensor | None = None
        self._waiting: Tensor | None = None
        self._last: Tensor | None = None

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """One-hot rows [edges, M] of the orders' next operations, differentiable in the logits."""
        perturbed = logits.log_softmax(-1) + self._next_noise(logits)
        stream, waiting = self._calls % self.streams, self._waiting
        assert waiting is not None
        chosen = perturbed.detach().masked_fill(~waiting[stream], -torch.inf).argmax(-1, True)
        hard = torch.zeros_like(perturbed.detach()).scatter_(-1, chosen, 1.0)
        waiting[stream] &= hard == 0
        self._calls += 1
        soft = softmax_at(perturbed, t)
        # The difference is exactly zero: β is exactly one-hot, its gradient the soft one's.
        return hard.to(soft) + (soft - soft.detach())

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """softmax(A/t), without noise."""
        return softmax_at(logits, t)

    def quiet(self, logits: Tensor, t: Tensor) -> Tensor:
        """One-hot rows of the largest logits; draws nothing."""
        return torch.zeros_like(logits).scatter_(-1, logits.argmax(-1, keepdim=True), 1.0).detach()

    def gradient_terms(self, logits: Tensor, t: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """(straight-through gradient at the last sample, zeros), for grad = ∂l/∂β."""
        if self._last is None:
            raise RuntimeError("no sample was drawn yet: call the relaxation first")
        beta = softmax_at(logits.log_softmax(-1) + self._last, t)
        forward = softmax_vjp(beta, grad) / t
        return forward, torch.zeros_like(forward)

    def _next_noise(self, logits: Tensor) -> Tensor:
        """The noise of this call's round; edges whose round is over begin another."""
        # Drawn on the CPU, so that a seed gives the same samples on any device, and at each call,
        # so that nothing has to wait for the device to say whether a round is over.
        draw = torch.empty(logits.shape, dtype=torch.float32).exponential_(generator=self.generator)
        noise = -draw.clamp_min(torch.finfo(draw.dtype).tiny).log()
        fresh = send(noise, logits.device).to(logits)
        if self._noise is None or self._waiting is None:
            shape = (self.streams, *logits.shape)
            self._noise = torch.zeros(shape, dtype=logits.dtype, device=logits.device)
            self._waiting = torch.zeros(shape, dtype=torch.bool, device=logits.device)
        self._noise = self._noise.to(logits)
        self._waiting = self._waiting.to(logits.device)  # a checkpoint's are the CPU's
        stream = self._calls % self.streams
        there = logits.detach() != -torch.inf
        waiting = self._waiting[stream] & there  # what was ruled out meanwhile waits no longer
        over = ~waiting.any(-1, keepdim=True)
        self._waiting[stream] = torch.where(over, there, waiting)
        self._noise[stream] = torch.where(over, fresh, self._noise[stream])
        self._last = self._noise[stream].clone()
        return self._last

    def state_dict(self) -> dict[str, Tensor | int | None]:
        """The generator and the rounds under way."""
        return {
            "generator": self.generator.get_state(),
            "calls": self._calls,
            "noise": self._noise,
            "waiting": self._waiting,
        }

    def load_state_dict(self, state: dict[str, Tensor | int | None]) -> None:
        """Go on from :meth:`state_dict`."""
        generator, calls = state["generator"], state["calls"]
        noise, waiting = state["noise"], state["waiting"]
        assert isinstance(generator, Tensor) and isinstance(calls, int)
        self.generator.set_state(generator.cpu())
        self._calls = calls
        self._noise = noise.clone() if isinstance(noise, Tensor) else None
        self._waiting = waiting.clone() if isinstance(waiting, Tensor) else None
