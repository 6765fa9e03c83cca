"""Second-order bilevel steps: the logits' gradient looks one weight step ahead.

With the virtual step w' = w − ξ·(μ·m + ∂l_train/∂w + wd·w) (m the momentum buffer, ξ the rate of
the weights), ∂l_val(w', β)/∂β − ξ·∂²l_train(w, β)/∂β∂w · v with v = ∂l_val(w', β)/∂w'. The product
is a finite difference at w ± r·v/‖v‖, or exact.
Source: Liu et al. 2019, "DARTS", eq. 7 and 8; the details follow DARTS-V2 of NB201's release,
D-X-Y/AutoDL-Projects. Everything is linear in ∂l/∂β, so the relaxation's own backward pass leads on
to the logits: sparse-noisy softmax goes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.func import functional_call

from naslib_edd.bilevel.first_order import Batch, FirstOrder

Named = dict[str, Tensor]


class SecondOrder(FirstOrder):
    """:class:`FirstOrder` with the unrolled gradient of β.

    The weights themselves are never written to, so nothing has to be restored. Running statistics
    move as in the release: by the three passes over the train batch (at w and at w ± r·v/‖v‖), not
    by the pass at w'. With ``exact`` there are two passes over the train batch, both at w.

    Args:
        hessian: how the Hessian-vector product is taken. ``exact`` differentiates twice, so the
            supernet must allow it (the plain one does; the fast one's edge sums do not).
        radius: r of the finite difference.
        options: see :class:`FirstOrder`.
    """

    def __init__(
        self,
        *,
        hessian: Literal["finite_difference", "exact"] = "finite_difference",
        radius: float = 1e-2,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.hessian, self.radius = hessian, radius

    def gradient_of_beta(self, beta: Tensor, train: Batch, val: Batch) -> Tensor:
        """The unrolled ∂l_val/∂β at a leaf β [edges, operations]."""
        weights = {name: p.detach() for name, p in self.supernet.named_parameters()}
        rate = float(self.weight_optimizer.param_groups[0]["lr"])
        ahead = self._virtual_step(weights, beta.detach(), train)
        wanted = [tensor.requires_grad_() for tensor in ahead.values()]
        # Copies of the statistics take this pass's update, and are dropped.
        copies = {name: buffer.clone() for name, buffer in self.supernet.named_buffers()}
        images, labels = val
        scores = functional_call(self.supernet, {**ahead, **copies}, (images, beta))
        loss = self.loss(scores, labels)
        of_beta, *vector = torch.autograd.grad(loss, [beta, *wanted], allow_unused=True)
        self.meters.add_batch("val", loss, scores, labels)
        direction = _filled(vector, wanted)
        product = self._exact if self.hessian == "exact" else self._difference
        implicit: Tensor = product(weights, direction, beta, train)
        return of_beta - rate * implicit

    def _virtual_step(self, weights: Named, beta: Tensor, train: Batch) -> Named:
        """w': SGD's next step without Nesterov's correction and without clipping, as released."""
        group = self.weight_optimizer.param_groups[0]
        images, labels = train
        leaves = list(self.supernet.parameters())
        loss = self.loss(self.supernet(images, beta), labels)
        gradients = _filled(torch.autograd.grad(loss, leaves, allow_unused=True), leaves)
        ahead = {}
        for (name, weight), leaf, gradient in zip(weights.items(), leaves, gradients, strict=True):
            step = gradient + group["weight_decay"] * weight
            held = self.weight_optimizer.state.get(leaf, {}).get("momentum_buffer")
            if held is not None:
                step = step + group["momentum"] * held
            ahead[name] = weight - group["lr"] * step
        return ahead

    def _difference(
        self, weights: Named, vector: Sequence[Tensor], beta: Tensor, train: Batch
    ) -> Tensor:
        """(∂l_train/∂β at w + R·v − at w − R·v) / 2R, R = r/‖v‖."""
        squares = torch.stack([(part * part).sum() for part in vector])
        size = self.radius / squares.sum().sqrt().clamp_min(torch.finfo(beta.dtype).tiny)
        images, labels = train
        ends: list[Tensor] = []
        # Both ends under the same masks: the difference of two draws is no derivative.
        drop = getattr(self.supernet, "drop_path", None)
        masks = None if drop is None else drop.state_dict()
        for sign in (1, -1):
            if drop is not None and masks is not None:
                drop.load_state_dict(masks)
            moved = {
                name: weight + sign * size * part
                for (name, weight), part in zip(weights.items(), vector, strict=True)
            }
            loss = self.loss(functional_call(self.supernet, moved, (images, beta)), labels)
            ends += torch.autograd.grad(loss, beta)
        return (ends[0] - ends[1]) / (2 * size)

    def _exact(
        self, weights: Named, vector: Sequence[Tensor], beta: Tensor, train: Batch
    ) -> Tensor:
        """∂/∂β of ⟨∂l_train/∂w, v⟩, by differentiating twice: the slow twin."""
        leaves = {name: weight.clone().requires_grad_() for name, weight in weights.items()}
        images, labels = train
        loss = self.loss(functional_call(self.supernet, leaves, (images, beta)), labels)
        gradients = torch.autograd.grad(
            loss, list(leaves.values()), create_graph=True, allow_unused=True
        )
        terms = [
            (gradient * part).sum()
            for gradient, part in zip(gradients, vector, strict=True)
            if gradient is not None
        ]
        (of_beta,) = torch.autograd.grad(torch.stack(terms).sum(), beta)
        return of_beta


def _filled(gradients: Sequence[Tensor | None], of: Sequence[Tensor]) -> list[Tensor]:
    """Zeros for the weights that took no part (the others' operations of a sample)."""
    return [
        torch.zeros_like(tensor) if gradient is None else gradient
        for gradient, tensor in zip(gradients, of, strict=True)
    ]
