"""A NASLib graph with our parts in it, and how far its search is.

What NASLib's ``Trainer`` calls is a class above it, :class:`naslib_edd.plugin.adapter.Adapter`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from naslib_edd.plugin import constructor
from naslib_edd.plugin.layout import ROW, survey
from naslib_edd.plugin.logit_views import LogitViews
from naslib_edd.plugin.parts import Parts, Training
from naslib_edd.plugin.stages import Stages
from naslib_edd.plugin.strongest import strongest
from naslib_edd.spaces.edge_column import joined, split


class Adapted:
    """A search on a NASLib graph. Constructor: see :mod:`naslib_edd.plugin.constructor`.

    Attributes:
        graph: the adapted NASLib graph.
        logits: all logits, rows and columns as in ``layout``; a leaf tensor.
        history: a row an epoch, the fields of the built-in engine's record.
        epoch: how many epochs are done.
        open_epoch: whether steps were taken since an epoch was closed.
        learning_rate: of the weights, in the last step.
        rng_to_come: states of the random generators that the next epoch begins with.
    """

    method: ClassVar[str]

    def __init__(self, *given: Any, **keywords: Any) -> None:
        super().__init__()
        self.config = constructor.settings(self.method, given, keywords)
        self.settings = self.config.search
        self.history: list[dict[str, Any]] = []
        self.epoch = 0
        self.open_epoch = False
        self.learning_rate = self.settings.learning_rate
        self.rng_to_come: dict[str, Any] | None = None

    def adapt(self, graph: Any, scope: Any, *, mixed_op: type[Any]) -> None:
        """Make a supernet of a graph, with everything that trains it.

        Args:
            graph: NASLib's, not parsed; it is changed.
            scope: where to search; None: the space's own.
            mixed_op: see :func:`naslib_edd.plugin.mixed.mixed_op_class`.
        """
        self.scope = scope or graph.OPTIMIZER_SCOPE
        self.layout = survey(graph, self.scope)
        self.parts = Parts(search=self.settings, layout=self.layout, seed=self.config.seed)
        self.logits, self.t = self.parts.logits, self.parts.t
        self.temperature = self.parts.temperature
        self.views = LogitViews(self.logits, self.layout.operations)
        self.graph = graph
        self.views.show(graph, self.scope)

        def mix(edge: Any) -> None:
            if edge.data.has(ROW):
                edge.data.set(
                    "op",
                    mixed_op(
                        list(edge.data.op),
                        weights=self.parts.weights,
                        row=edge.data[ROW],
                        partial=self.settings.partial_channels,
                    ),
                )

        graph.update_edges(mix, scope=self.scope, private_edge_data=True)
        graph.parse()
        graph.train()
        self.training = Training(search=self.settings, parts=self.parts, graph=graph)
        self.supernet, self.meters = self.training.supernet, self.training.meters
        self.op_optimizer = self.training.weight_optimizer
        self.arch_optimizer = self.training.logit_optimizer
        self.stages = Stages(config=self.config, parts=self.parts, training=self.training)

    def logits_rest(self, epoch: int) -> bool:
        """Whether no logit step is taken in an epoch (from 0)."""
        search = self.settings
        rests = search.arch_fixed or search.relaxation == "uniform"
        return rests or epoch < search.arch_warmup_epochs or self.stages.logits_rest(epoch)

    def chosen(self) -> list[int]:
        """NASLib's operation number of each row: a stage's choice, else the largest logits."""
        choice = self.stages.choice()
        if choice is not None:
            return self.layout.unwritten(choice)
        return self.layout.chosen(self.choosable_logits)

    def kept_operations(self) -> dict[int, int]:
        """The edges that the discretised cells keep and their operations, row → number."""
        if self.layout.truncated:
            relaxation = self.parts.relaxation
            return strongest(self.logits.detach(), relaxation=relaxation, layout=self.layout)
        return dict(enumerate(self.chosen()))

    @property
    def choosable_logits(self) -> Tensor:
        """The logits, minus infinity where an operation is ruled out."""
        logits, allowed = self.logits.detach(), self.parts.allowed
        operations, edges = split(logits, self.layout.operations)
        return joined(operations.masked_fill(~allowed, -torch.inf), edges)
