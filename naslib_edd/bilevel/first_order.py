"""First-order bilevel steps: weights on the train half, logits on the val half.

Source: Liu et al. 2019, "DARTS", Algorithm 1 with ξ = 0; the order of the two steps and the
clipping follow the release that the config names (RECIPES of NB201's and the authors' code).

Each step asks autograd for just what it uses: the weight step no gradient of β, the logit step no
gradient of any weight. The one exception is one clipping norm over both, which needs both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.bilevel.meters import Meters
from naslib_edd.bilevel.perturbed import Perturbation
from naslib_edd.bilevel.regularisers import Regulariser
from naslib_edd.relaxation import Relaxation
from naslib_edd.supernet.layers import evaluating

Batch = tuple[Tensor, Tensor]
Clip = Literal["off", "weights", "logits", "weights_and_logits", "each"]
Order = Literal["weights_first", "logits_first"]


@contextmanager
def frozen(parameters: Sequence[Tensor]) -> Iterator[None]:
    """What is computed meanwhile keeps nothing for the parameters' gradients."""
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


class FirstOrder:
    """One bilevel step at a time.

    Args:
        supernet: called as ``supernet(images, β)``.
        logits: [edges, operations], a leaf tensor that wants a gradient.
        relaxation: logits → β.
        weight_optimizer, logit_optimizer: of the supernet's parameters, and of the logits.
        order: which step comes first.
        clip: whose gradient norm is clipped. ``weights``: the weights', in their step; ``logits``:
            the logits', in theirs; ``each``: both of these; ``weights_and_logits``: one norm over
            both, in the weight step (NB201's code).
        grad_clip: the norm to clip to.
        stale_logits: with ``weights_and_logits``, what the last logit step left in the logits'
            gradient is still there (NB201's code clears it only before the logit step).
        regularisers: added to the loss of the logit step.
        perturbation: of the β that the weight step trains under.
        sampled: a step may leave weights out (GDAS computes only the sampled operations). Their
            gradient is zero and their optimizer moves them on, by momentum and weight decay: as in
            GDAS' release, where ``zero_grad`` left zeros behind.
        meters: gets the losses, accuracies and gradient terms.

    Attributes:
        loss: of class scores [B, classes] and labels [B]; the cross-entropy, or a host's.
        logits_rest: no logit step is taken (a warm-up, or uniform logits throughout); the val
            batch is only looked at, for the record.
    """

    def __init__(
        self,
        *,
        supernet: nn.Module,
        logits: Tensor,
        relaxation: Relaxation,
        weight_optimizer: torch.optim.Optimizer,
        logit_optimizer: torch.optim.Optimizer,
        order: Order = "weights_first",
        clip: Clip = "weights",
        grad_clip: float = 5.0,
        stale_logits: bool = False,
        regularisers: Sequence[Regulariser] = (),
        perturbation: Perturbation | None = None,
        sampled: bool = False,
        meters: Meters | None = None,
    ) -> None:
        self.supernet, self.logits, self.relaxation = supernet, logits, relaxation
        self.weight_optimizer, self.logit_optimizer = weight_optimizer, logit_optimizer
        self.order, self.clip, self.grad_clip = order, clip, grad_clip
        self.stale_logits, self.sampled = stale_logits, sampled
        self.regularisers, self.perturbation = tuple(regularisers), perturbation
        self.logits_rest = False
        self.loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
        self.meters = meters or Meters(device=logits.device)
        self.parameters: Sequence[Tensor] = list(supernet.parameters())

    def step(self, train: Batch, val: Batch, t: Tensor) -> None:
        """One weight step on ``train`` and one logit step on ``val``, in the set order.

        Args:
            train, val: images [B, 3, H, W] and labels [B].
            t: temperature, a scalar tensor on the device.
        """
        if self.order == "weights_first":
            self.step_weights(train, t)
            self.step_logits(train, val, t)
        else:
            self.step_logits(train, val, t)
            self.step_weights(train, t)
        self.meters.steps += 1

    def step_weights(self, batch: Batch, t: Tensor) -> None:
        """Update the weights by ∂l_train/∂w at the current β."""
        images, labels = batch
        joint = self.clip == "weights_and_logits"
        with torch.set_grad_enabled(joint):
            beta = self.relaxation(self.logits, t)
        if self.perturbation is not None:
            moved = self.perturbation(beta.detach(), lambda other: self._loss_at(other, batch))
            beta = beta + (moved - beta.detach())
        scores = self.supernet(images, beta)
        loss = self.loss(scores, labels)
        wanted = [*self.parameters, self.logits] if joint else self.parameters
        gradients = torch.autograd.grad(
            loss, wanted, allow_unused=self.sampled, materialize_grads=self.sampled
        )
        for parameter, gradient in zip(self.parameters, gradients, strict=False):
            parameter.grad = gradient
        self.adjust_gradients(batch, beta)
        if joint:
            stale = self.logits.grad if self.stale_logits else None
            last = gradients[-1]
            self.logits.grad = last if stale is None else stale + last
            self._clip([*self.parameters, self.logits])
        elif self.clip in ("weights", "each"):
            self._clip(self.parameters)
        self.weight_optimizer.step()
        self.meters.add_batch("train", loss, scores, labels)

    def adjust_gradients(self, batch: Batch, beta: Tensor) -> None:
        """In the weight step, after the weights have their gradient and before it is clipped."""

    def begin_epoch(self, epoch: int) -> None:
        """Told before the first step of each epoch (from 0), on a resume inside it once more."""

    def step_logits(self, train: Batch, val: Batch, t: Tensor) -> None:
        """Update the logits by ∂l_val/∂A, through the relaxation's own backward pass."""
        if self.logits_rest:
            self._look(val, t)
            return
        beta = self.relaxation(self.logits, t)
        # Through the network first: its activations are free before the relaxation's turn.
        of_beta = self.gradient_of_beta(beta.detach().requires_grad_(), train, val)
        outputs, grads = [beta], [of_beta]
        for regulariser in self.regularisers:
            outputs.append(regulariser(self.logits, beta))
            grads.append(torch.ones_like(outputs[-1]))
        (self.logits.grad,) = torch.autograd.grad(outputs, self.logits, grads)
        if self.clip in ("logits", "each"):
            self._clip([self.logits])
        with torch.no_grad():
            self.meters.add_terms(*self.relaxation.gradient_terms(self.logits, t, of_beta))
        self.logit_optimizer.step()

    def gradient_of_beta(self, beta: Tensor, train: Batch, val: Batch) -> Tensor:
        """∂l_val/∂β at a leaf β [edges, operations]; first order needs no train batch."""
        images, labels = val
        with frozen(self.parameters):
            scores = self.supernet(images, beta)
        loss = self.loss(scores, labels)
        (of_beta,) = torch.autograd.grad(loss, beta)
        self.meters.add_batch("val", loss, scores, labels)
        return of_beta

    @torch.no_grad()
    def _look(self, batch: Batch, t: Tensor) -> None:
        """Loss and accuracy of the val batch, as the logit step would see them, and no step."""
        images, labels = batch
        scores = self.supernet(images, self.relaxation(self.logits, t))
        self.meters.add_batch("val", self.loss(scores, labels), scores, labels)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed search needs beside weights, logits and their optimizers."""
        return {} if self.perturbation is None else {"perturbation": self.perturbation.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        if self.perturbation is not None:
            self.perturbation.load_state_dict(state["perturbation"])

    def _loss_at(self, beta: Tensor, batch: Batch) -> Tensor:
        """The batch's loss at a β that is only tried: the running statistics stay."""
        assert self.perturbation is not None
        images, labels = batch
        with evaluating(self.supernet, self.perturbation.statistics):
            return self.loss(self.supernet(images, beta), labels)

    def _clip(self, tensors: Sequence[Tensor]) -> None:
        torch.nn.utils.clip_grad_norm_(tensors, self.grad_clip)
