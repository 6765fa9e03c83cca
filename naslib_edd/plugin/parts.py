"""The parts of an optimizer on a NASLib graph, made from its settings."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.bilevel import FirstOrder, Meters
from naslib_edd.errors import UserError
from naslib_edd.methods import make_relaxation, make_temperature
from naslib_edd.plugin.layout import Layout
from naslib_edd.plugin.mixed import GraphSupernet, Weights
from naslib_edd.relaxation import EdgeWeights, Relaxation
from naslib_edd.settings import SearchSettings


class Tap(Meters):
    """Meters that also hold the last batch of each half, which NASLib's Trainer wants to see."""

    def __init__(self, *, device: torch.device) -> None:
        super().__init__(device=device)
        self.last: dict[str, tuple[Tensor, Tensor]] = {}

    def add_batch(self, half: str, loss: Tensor, scores: Tensor, labels: Tensor) -> None:
        """See :class:`Meters`."""
        super().add_batch(half, loss, scores, labels)
        self.last[half] = (scores.detach(), loss.detach())


class Parts:
    """Logits, relaxation and temperature; no network yet.

    Args:
        search: the settings.
        layout: of the graph's edges.
        seed: of the samples of a relaxation that draws any.

    The logits are drawn from torch's global generator, in the order in which they are written, so
    that a seed gives the same ones in both engines.
    """

    def __init__(self, *, search: SearchSettings, layout: Layout, seed: int) -> None:
        partial = search.partial_channels > 1
        first = search.arch_init * torch.randn(len(layout.edges), layout.operations + partial)
        self.logits = layout.placed(first).requires_grad_()
        self.temperature = make_temperature(search, edges=len(layout.edges))
        self.t = torch.tensor(self.temperature.t)
        generator = torch.Generator().manual_seed(seed)
        self.relaxation: Relaxation = make_relaxation(search, generator=generator)
        if partial:
            if getattr(self.relaxation, "sampled", False):
                raise UserError("search.partial_channels above 1 does not go with a gumbel sample")
            self.relaxation = EdgeWeights(operations=self.relaxation, targets=layout.targets)
        self.weights = Weights(
            logits=self.logits, relaxation=self.relaxation, t=self.t, operations=layout.operations
        )


class Training:
    """Optimizers, meters and the bilevel step of a parsed graph."""

    def __init__(self, *, search: SearchSettings, parts: Parts, graph: Any) -> None:
        self.supernet = GraphSupernet(graph=graph, weights=parts.weights)
        self.weight_optimizer = torch.optim.SGD(
            graph.parameters(),
            lr=search.learning_rate,
            momentum=search.momentum,
            nesterov=search.nesterov,
            weight_decay=search.weight_decay,
        )
        self.logit_optimizer = torch.optim.Adam(
            [parts.logits],
            lr=search.arch_learning_rate,
            betas=(search.arch_beta1, search.arch_beta2),
            weight_decay=search.arch_weight_decay,
        )
        self.meters = Tap(device=parts.logits.device)
        self.bilevel = FirstOrder(
            supernet=self.supernet,
            logits=parts.logits,
            relaxation=parts.relaxation,
            weight_optimizer=self.weight_optimizer,
            logit_optimizer=self.logit_optimizer,
            order=search.order,
            clip=search.clip,
            grad_clip=search.grad_clip,
            stale_logits=search.clip_stale_logits,
            sampled=parts.weights.sampled,
            meters=self.meters,
        )
