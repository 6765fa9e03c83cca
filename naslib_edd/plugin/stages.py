"""What acts at the boundaries of epochs (PT, SGAS, early stopping, RS-WS), on NASLib's NB201.

The stages are the built-in engine's. They see the search in the order of the record, whatever
NASLib's order of edges and operations is: :class:`StageSearch` shows them copies, and writes back
what they changed. Their passes are the fast supernet's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from naslib_edd import spaces
from naslib_edd.config.settings import Config
from naslib_edd.data import SearchData
from naslib_edd.engine.build import make_stages
from naslib_edd.engine.evaluation import Evaluation
from naslib_edd.errors import UserError
from naslib_edd.plugin.fast import TiedSupernet
from naslib_edd.plugin.parts import Parts, Training
from naslib_edd.relaxation import Relaxation
from naslib_edd.spaces import Kept
from naslib_edd.spaces.edge_column import split
from naslib_edd.supernet.base import Supernet


class StageSearch(Evaluation):
    """A search on NASLib as a stage sees it; see :class:`naslib_edd.selection.stage.Search`.

    Args:
        config: the search's.
        parts: its parts, with the layout of its graph.
        training: its optimizers.
    """

    allowed: Tensor
    t: Tensor
    weight_optimizer: torch.optim.Optimizer

    def __init__(self, *, config: Config, parts: Parts, training: Training) -> None:
        self.config, self.parts, self.training = config, parts, training
        self.layout = parts.layout
        self.last_batch: tuple[Tensor, Tensor] | None = None
        self.space = spaces.get("nasbench201")

    def open(self) -> StageSearch:
        """Show the present state."""
        parts, supernet = self.parts, self.training.supernet
        self.device = parts.logits.device
        self.logits = self.layout.written(parts.logits.detach())
        self.allowed = self.layout.written(parts.allowed)
        self.t, self.weight_optimizer = parts.t, self.training.weight_optimizer
        self.relaxation = _Written(self)
        assert isinstance(supernet, TiedSupernet)
        supernet.follow(self.device)
        self.supernet: Supernet = supernet.fast
        return self

    @torch.no_grad()
    def close(self) -> None:
        """Write back what was changed in them."""
        self.parts.logits.copy_(self.layout.placed(self.logits))
        self.parts.allowed.copy_(self.layout.placed(self.allowed))

    @property
    def op_logits(self) -> Tensor:
        """The columns of the logits that belong to operations."""
        return split(self.logits, self.layout.operations)[0]

    def largest(self) -> Kept:
        """See :class:`naslib_edd.selection.stage.Search`."""
        return self.space.discretise(self.op_logits, allowed=self.allowed)

    def last_logit_batch(self) -> tuple[Tensor, Tensor]:
        """Of the epoch's last step."""
        assert self.last_batch is not None
        images, labels = self.last_batch
        return self._layout(images), labels

    def _layout(self, x: Tensor) -> Tensor:
        return super()._layout(x.to(next(self.training.supernet.graph.parameters()).dtype))


class _Written(Relaxation):
    """The relaxation of a search on NASLib, for logits in the order of the record."""

    def __init__(self, search: StageSearch) -> None:
        self.search, self.layout = search, search.layout

    @property
    def _host(self) -> Relaxation:
        self.search.close()  # it goes by the mask
        return self.search.parts.relaxation

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        return self.layout.written(self._host(self.layout.placed(logits), t))

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        return self.layout.written(self._host.expected(self.layout.placed(logits), t))


class Stages:
    """The stages of a search on NASLib, called where the built-in engine calls them.

    Args:
        config: the search's.
        parts: its parts, with the layout of its graph.
        training: its optimizers.

    Raises:
        UserError: this graph, or this host, cannot carry them.
    """

    def __init__(self, *, config: Config, parts: Parts, training: Training) -> None:
        search = config.search
        layout = spaces.get("nasbench201").layout  # they act on the fast supernet, which is its
        self.all = make_stages(search, seed=config.seed, layout=layout)
        self.search = StageSearch(config=config, parts=parts, training=training)
        #: They measure the validation half, whose images our runner has.
        self.need_images = bool(search.selection == "perturbation" or search.best_of)
        if search.progressive_keep:
            raise UserError(
                "search.progressive_keep rebuilds the supernet, which NASLib's graph cannot follow:"
                " run it on the built-in engine (leave out --engine naslib and the command naslib)"
            )
        if self.all and not isinstance(training.supernet, TiedSupernet):
            raise UserError(
                "search.selection, greedy, early_stop and best_of need the fast supernet: set "
                "search.supernet: fast and search_space: nasbench201, or use the built-in engine"
            )

    @property
    def extra_epochs(self) -> int:
        """Epochs behind the search's own."""
        return sum(stage.extra_epochs for stage in self.all)

    @property
    def stopped(self) -> bool:
        """Whether one of them has ended the search."""
        return any(stage.stopped for stage in self.all)

    def take_images(self, images: SearchData | None) -> None:
        """The search's images, before training begins; None: nobody has them in order.

        Raises:
            UserError: they are needed and not there.
        """
        if images is not None:
            self.search.data = images
        elif self.need_images:
            raise UserError(
                f"{self.search.config.optimizer} measures the whole validation half, as it is: run "
                "it by `naslib-edd naslib` (or search --engine naslib), with naslib-edd's loaders"
            )

    def begin_epoch(self, epoch: int) -> None:
        """Before the first step of an epoch (from 0)."""
        for stage in self.all:
            stage.begin_epoch(self.search.open(), epoch)
            self.search.close()

    def end_step(self, val: tuple[Tensor, Tensor]) -> None:
        """After each step, whose batch of the logits was ``val``."""
        self.search.last_batch = val
        for stage in self.all:
            stage.end_step(self.search.open())
            self.search.close()

    def end_epoch(self, epoch: int) -> dict[str, Any]:
        """After the last step of an epoch (from 0): fields of its row."""
        found: dict[str, Any] = {}
        for stage in self.all:
            found |= stage.end_epoch(self.search.open(), epoch)
            self.search.close()
        return found

    def logits_rest(self, epoch: int) -> bool:
        """Whether no logit step is taken in this epoch."""
        return any(stage.logits_rest(epoch) for stage in self.all)

    def learning_rate(self, rate: float, epoch: int) -> float:
        """What becomes of the cosine's rate."""
        for stage in self.all:
            rate = stage.learning_rate(rate, epoch)
        return rate

    def choice(self) -> list[int] | None:
        """The architecture in the order of the record; None: the largest logits decide."""
        for stage in self.all:
            chosen = stage.choose(self.search.open())
            if chosen is not None:
                return [op for op in chosen if op is not None]  # no edge of NB201 goes
        return None

    def state(self) -> list[dict[str, Any]]:
        """What a resumed search needs."""
        return [stage.state_dict() for stage in self.all]

    def load_state(self, states: Sequence[dict[str, Any]], epoch: int) -> None:
        """Go on from :meth:`state`."""
        for stage, held in zip(self.all, states, strict=True):
            stage.load_state_dict(held)
            stage.restore(self.search.open(), epoch)
