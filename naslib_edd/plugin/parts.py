"""The parts of an optimizer on a NASLib graph, made from its settings."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.bilevel import Meters
from naslib_edd.config.settings import SearchSettings
from naslib_edd.data.sampling import generator as generator_of
from naslib_edd.engine.build import make_allowed, make_bilevel, make_parts
from naslib_edd.errors import UserError
from naslib_edd.plugin.fast import TiedSupernet, blocks
from naslib_edd.plugin.layout import Layout
from naslib_edd.plugin.mixed import GraphSupernet, Weights


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
        if search.precision != "fp32" or search.cuda_graph == "on":
            raise UserError(
                "search.precision: bf16 and search.cuda_graph: on run on the built-in engine only: "
                "leave out --engine naslib (and the command naslib)"
            )
        partial = search.partial_channels > 1
        if partial and not search.edge_weights:
            raise UserError(
                "search.edge_weights: false with partial channels does not run on NASLib's engine"
            )
        self.layout, self.seed = layout, seed
        first = search.arch_init * torch.randn(len(layout.edges), layout.operations + partial)
        self.logits = layout.placed(first).requires_grad_()
        allowed = make_allowed(
            search,
            edges=len(layout.edges),
            operations=layout.operations,
            none=layout.none,
            names=layout.names,
        )
        if search.auxiliary_skip > 0 and layout.skip is None:
            raise UserError(
                "search.auxiliary_skip needs an identity on every edge, as on nasbench201; where "
                "an edge halves the image, the auxiliary connection would need weights of its own"
            )
        parts = make_parts(
            search,
            seed=seed,
            samples=torch.Generator().manual_seed(seed),
            allowed=allowed,
            layout=layout.rows,
            targets=layout.targets,
            skip=layout.skip,
        )
        self.allowed, self.relaxation = parts.allowed, parts.relaxation
        self.temperature, self.regularisers = parts.temperature, parts.regularisers
        self.perturbation = parts.perturbation
        self.drop_path = parts.drop_path
        self.t = torch.tensor(self.temperature.t)
        if partial and self.relaxation.sampled:
            raise UserError("search.partial_channels above 1 does not go with a gumbel sample")
        if search.identity_penalty and layout.skip is None:
            raise UserError("search.identity_penalty needs an identity on every edge (nasbench201)")
        self.weights = Weights(
            logits=self.logits,
            relaxation=self.relaxation,
            t=self.t,
            operations=layout.operations,
            drop_path=self.drop_path,
            places=layout.places,
        )

    def begin_epoch(self, epoch: int) -> None:
        """Schedules that are functions of the epoch (from 0)."""
        for part in (self.relaxation, *self.regularisers, self.perturbation, self.drop_path):
            if part is not None:
                part.begin_epoch(epoch)

    def state(self) -> dict[str, Any]:
        """What those that draw need to go on."""
        drop = self.drop_path
        return {
            "relaxation": self.relaxation.state_dict(),
            "regularisers": [regulariser.state_dict() for regulariser in self.regularisers],
            "drop_path": None if drop is None else drop.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.relaxation.load_state_dict(state["relaxation"])
        for part, held in zip(self.regularisers, state.get("regularisers", ()), strict=False):
            part.load_state_dict(held)
        if self.drop_path is not None:
            self.drop_path.load_state_dict(state["drop_path"])


def make_supernet(search: SearchSettings, *, parts: Parts, graph: Any) -> GraphSupernet:
    """What computes a parsed graph: the fast supernet where it can, else the graph itself."""
    found = blocks(graph, parts.layout) if search.supernet == "fast" else None
    if found is None:
        return GraphSupernet(graph=graph, weights=parts.weights)
    return TiedSupernet(
        graph=graph,
        weights=parts.weights,
        layout=parts.layout,
        found=found,
        partial=search.partial_channels,
    )


class Training:
    """Optimizers, meters and the bilevel step of a parsed graph."""

    def __init__(self, *, search: SearchSettings, parts: Parts, graph: Any) -> None:
        self.supernet = make_supernet(search, parts=parts, graph=graph)
        self.meters = Tap(device=parts.logits.device)
        self.bilevel = make_bilevel(
            search,
            supernet=self.supernet,
            logits=parts.logits,
            relaxation=parts.relaxation,
            regularisers=parts.regularisers,
            perturbation=parts.perturbation,
            meters=self.meters,
            generator=generator_of(parts.seed, "bilevel"),
        )
        self.weight_optimizer = self.bilevel.weight_optimizer
        self.logit_optimizer = self.bilevel.logit_optimizer

    def last_outputs(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of the last step: class scores of both batches, then both losses."""
        (train, train_loss), (val, val_loss) = self.meters.last["train"], self.meters.last["val"]
        return train, val, train_loss, val_loss
