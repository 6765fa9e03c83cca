"""Gibbs sampling of weights and architecture in turn, each by a Langevin step.

Both are drawn from the posterior exp(−loss/T): the weights given the architecture, then the
architecture given the weights, on training images alone. Weight decay is the prior.
Source: our reading of Xue et al. 2021, "Rethinking Bi-Level Optimization in Neural Architecture
Search: A Gibbs Sampling Perspective" (AAAI), whose code is not public: unverified. The noise is
that of Welling & Teh 2011 (SGLD) and, with momentum, of Chen et al. 2014 (SGHMC, eq. 15).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from naslib_edd.bilevel.first_order import FirstOrder
from naslib_edd.device import send

Hook = Callable[[torch.optim.Optimizer, Any, Any], None]


class Gibbs(FirstOrder):
    """:class:`FirstOrder` of which both batches are training images, and both steps noisy.

    Args:
        temperature: T. At one over the number of training images, the posterior of mean losses; 0
            is plain alternating descent.
        generator: of the noise.
        options: see :class:`FirstOrder`. Both optimizers are ``torch.optim.SGD``.
    """

    def __init__(self, *, temperature: float, generator: torch.Generator, **options: Any) -> None:
        super().__init__(**options)
        self.temperature, self.generator = temperature, generator
        # Behind the clipping: the norm of the noise is no part of what is clipped.
        for optimizer in (self.weight_optimizer, self.logit_optimizer):
            optimizer.register_step_pre_hook(self._noise())

    def state_dict(self) -> dict[str, Any]:
        """See :class:`FirstOrder`; and the generator's."""
        return {**super().state_dict(), "noise": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        super().load_state_dict(state)
        self.generator.set_state(state["noise"].cpu())

    def _noise(self) -> Hook:
        """Adds noise to the gradients, so that a step of rate η moves by N(0, 2·η·T·(1 − μ))."""

        def add(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            for group in optimizer.param_groups:
                rate, friction = group["lr"], 1 - group["momentum"]
                if self.temperature == 0 or rate == 0:
                    continue
                scale = math.sqrt(2 * friction * self.temperature / rate)
                for parameter in group["params"]:
                    if parameter.grad is None:
                        continue
                    # Drawn on the CPU: a seed gives the same noise on any device.
                    noise = torch.randn(parameter.shape, generator=self.generator)
                    noise = send(noise, parameter.device).to(parameter.grad)
                    parameter.grad = parameter.grad + scale * noise

        return add
