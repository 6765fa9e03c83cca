"""SDARTS: β moved within a box of half-width ε, and back onto the simplex.

Source: Chen & Hsieh 2020, "Stabilizing Differentiable Architecture Search via Perturbation-based
Regularization"; where paper and release part, the release (xiangning-chen/SmoothDARTS,
``attacker/`` and ``nasbench201/``): what is moved is β = softmax(A), not the logits, and a moved β
is clamped to [0, 1] and divided by its row's sum, which may take it out of the box again.
"""

from __future__ import annotations

import abc
from typing import Any, Literal

import torch
from torch import Tensor

from naslib_edd.bilevel.perturbed.base import Loss, Perturbation
from naslib_edd.device import send
from naslib_edd.spaces.edge_column import joined, split


def to_simplex(weights: Tensor, allowed: Tensor | None = None) -> Tensor:
    """Rows [edges, operations] clamped to [0, 1] and divided by their sum.

    A row of which nothing is left becomes one-hot at its largest entry. ``allowed`` (bool, of the
    same shape): what it rules out is 0.
    """
    if allowed is not None:
        weights = weights.masked_fill(~allowed, -torch.inf)
    clamped = weights.clamp(0.0, 1.0)
    best = torch.zeros_like(clamped).scatter_(-1, weights.argmax(-1, keepdim=True), 1.0)
    clamped = torch.where(clamped.sum(-1, keepdim=True) == 0, best, clamped)
    moved = clamped / clamped.sum(-1, keepdim=True)
    # An edge that is gone has nothing that is allowed, and stays at 0.
    return moved if allowed is None else moved.masked_fill(~allowed, 0.0)


class BetaPerturbation(Perturbation):
    """A perturbation whose ε grows linearly over the epochs of the search.

    Args:
        generator: on the CPU; what noise is drawn from.
        epochs: of the search; ε is ``first`` in epoch 0 and would be ``last`` in epoch ``epochs``,
            where it stays (epochs that stages add train at ``last``).
        first, last: ε.
        allowed: bool [edges, operations], held: what it rules out stays 0.
        edge_column: β has a last column of edge weights (PC-DARTS), which is left as it is.
        statistics: see :class:`Perturbation`.
    """

    def __init__(
        self,
        *,
        generator: torch.Generator,
        epochs: int,
        first: float = 0.03,
        last: float = 0.3,
        allowed: Tensor | None = None,
        edge_column: bool = False,
        statistics: Literal["batch", "running"] = "running",
    ) -> None:
        self.generator, self.epochs = generator, epochs
        self.first, self.last = first, last
        self.allowed, self.edge_column, self.statistics = allowed, edge_column, statistics
        self.epsilon = first

    def __call__(self, beta: Tensor, loss: Loss) -> Tensor:
        """See :class:`Perturbation`."""
        operations, edges = split(beta, beta.shape[1] - self.edge_column)
        return joined(self.move(operations, lambda other: loss(joined(other, edges))), edges)

    @abc.abstractmethod
    def move(self, beta: Tensor, loss: Loss) -> Tensor:
        """The moved β of the operations alone, [edges, operations]."""

    def begin_epoch(self, epoch: int) -> None:
        """Set ε of this epoch."""
        self.epsilon = self.first + (self.last - self.first) * min(epoch / self.epochs, 1.0)

    def scattered(self, beta: Tensor) -> Tensor:
        """β with noise from the uniform distribution on [−ε, ε] on each entry, on the simplex."""
        noise = torch.empty(beta.shape, dtype=beta.dtype)
        noise.uniform_(-self.epsilon, self.epsilon, generator=self.generator)
        return to_simplex(beta + send(noise, beta.device), self.allowed)

    def state_dict(self) -> dict[str, Any]:
        """The generator's state."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.generator.set_state(state["generator"].cpu())


class RandomPerturbation(BetaPerturbation):
    """SDARTS-RS: uniform noise."""

    def move(self, beta: Tensor, loss: Loss) -> Tensor:
        """β with noise; the loss is not asked for."""
        return self.scattered(beta)


class AdversarialPerturbation(BetaPerturbation):
    """SDARTS-ADV: the β in the box that a few steps of projected sign ascent find worst.

    Each step goes 2ε/``steps`` along the sign of ∂l/∂β, back into the box around the given β, and
    onto the simplex. If the loss at the end is below that at the given β, β stays.

    Args:
        steps: of the ascent (the release: 7).
        random_start: begin at a random point of the box.
    """

    def __init__(self, *, steps: int = 7, random_start: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.steps, self.random_start = steps, random_start

    def move(self, beta: Tensor, loss: Loss) -> Tensor:
        """See the class: ``steps`` gradients of the loss and two values of it."""
        with torch.no_grad():
            before = loss(beta)
        moved = self.scattered(beta) if self.random_start else beta
        rate = 2 * self.epsilon / self.steps
        for _ in range(self.steps):
            leaf = moved.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(loss(leaf), leaf)
            way = (leaf.detach() + rate * gradient.sign() - beta).clamp(-self.epsilon, self.epsilon)
            moved = to_simplex(beta + way, self.allowed)
        with torch.no_grad():
            after = loss(moved)
        return torch.where(before > after, beta, moved)
