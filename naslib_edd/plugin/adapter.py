"""Our parts as an optimizer of NASLib: the one class behind every name in the registry.

It does what NASLib's ``Trainer`` asks of an optimizer; the steps are :mod:`naslib_edd.bilevel`'s,
the weights of the edges come from :mod:`naslib_edd.relaxation`, t from the temperature controller.
:func:`optimizer_class` makes it a subclass of the host's ``MetaOptimizer``.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from naslib_edd.bilevel.annealing import cosine_rate
from naslib_edd.bilevel.first_order import Batch
from naslib_edd.data import SearchData
from naslib_edd.engine.start import changes
from naslib_edd.errors import UserError
from naslib_edd.plugin import constructor, rng
from naslib_edd.plugin.adapted import Adapted
from naslib_edd.plugin.discretise import final_architecture
from naslib_edd.plugin.host_trainer import calling_trainer, put_right
from naslib_edd.plugin.mixed import mixed_op_class
from naslib_edd.plugin.rows import epoch_row
from naslib_edd.plugin.state import Checkpointed
from naslib_edd.plugin.whole_state import restore, state_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Host:
    """The classes of NASLib that the adapter builds on."""

    meta_optimizer: type[Any]
    mixed_op: type[Any]


class Adapter(Adapted):
    """See the module. Constructor arguments: see :mod:`naslib_edd.plugin.constructor`.

    Attributes:
        images: of the search, where our runner gave them.
        loss: of class scores and labels; a runner may put another here.
        steps: steps an epoch where the runner knows it: the learning rate's cosine then goes by
            step, as in the built-in engine; else by epoch, as NASLib's.
    """

    host: ClassVar[Host]
    using_step_function = True

    def __init__(self, *given: Any, **keywords: Any) -> None:
        super().__init__(*given, **keywords)
        self.given, self.keywords = given, keywords
        #: whose images: a script's own, until our runner says otherwise
        self.loaders = "naslib"
        self._told = False
        self.device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
        self.step_in_epoch = 0
        self.steps: int | None = None
        self.images: SearchData | None = None
        self.loss = nn.CrossEntropyLoss()
        self._training_began = False
        self._began = time.monotonic()

    def adapt_search_space(
        self, search_space: Any, dataset: Any = None, scope: Any = None, **_: Any
    ) -> None:
        """Make a supernet of a copy of the search space.

        Args:
            search_space: a NASLib graph, not parsed; it is left as it is.
            dataset: its data set's name. A list, or a scope's name, is taken for the scope, which
                stood in this place until 2023.
            scope: where to search; the space's own by default.
            _: ``dataset_api`` and whatever else a runner passes on.
        """
        if isinstance(dataset, list | tuple) or dataset == "all":
            dataset, scope = None, list(dataset) if dataset != "all" else "all"
        if not hasattr(search_space, "update_edges"):
            raise UserError(f"{search_space!r:.60} is no search space of NASLib's (a Graph)")
        self.search_space, self.dataset = search_space, dataset
        mixed_op = mixed_op_class(self.host.mixed_op)
        self.adapt(search_space.clone(), scope, mixed_op=mixed_op)
        if self._training_began:
            self.before_training()

    def before_training(self) -> None:
        """Move everything to the Trainer's device; of a space that is not there yet, later."""
        self._training_began = True
        if not hasattr(self, "graph"):
            return
        self._tell()
        self.stages.take_images(self.images)
        self.graph.to(self.device)
        for tensor in (self.logits, self.parts.allowed, self.t, self.meters.sums):
            tensor.data = tensor.data.to(self.device)
        self.views.show(self.graph, self.scope)

    def new_epoch(self, epoch: int) -> None:
        """Begin an epoch (from 0); closes the one before if nothing else has."""
        self.close_epoch()
        if self.rng_to_come is not None:
            # Not when the checkpoint was read: the loaders that are made after that draw, too.
            rng.restore(self.rng_to_come)
            self.rng_to_come = None
        self.epoch, self.step_in_epoch = epoch, 0
        self.training.bilevel.logits_rest = self.logits_rest(epoch)
        self._began = time.monotonic()
        self.training.bilevel.begin_epoch(epoch)
        self.parts.begin_epoch(epoch)
        self.stages.begin_epoch(epoch)
        self._set_learning_rate()
        trainer = calling_trainer(self)
        if trainer is not None:
            put_right(trainer, self, epoch)

    def step(self, data_train: Batch, data_val: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One bilevel step; class scores of both batches, then both losses."""
        if self.stages.stopped:  # NASLib's Trainer goes on to the last epoch
            return self.training.last_outputs()
        self._set_learning_rate()
        self.open_epoch = True
        _ = self.architectural_weights  # whatever was written into them counts
        self.training.bilevel.loss = self.loss
        self.training.bilevel.step(data_train, data_val, self.t)
        self.stages.end_step(data_val)
        self.step_in_epoch += 1
        return self.training.last_outputs()

    def test_statistics(self) -> dict[str, Any] | None:
        """Close the epoch; its row (the Trainer throws it away, :attr:`history` keeps it)."""
        self.close_epoch()
        return self.history[-1] if self.history else None

    def after_training(self) -> None:
        """Close the last epoch."""
        self.close_epoch()

    @torch.no_grad()
    def close_epoch(self) -> None:
        """Measure the epoch, give the next temperature. Draws nothing; twice does it once."""
        if not self.open_epoch:
            return
        self.epoch += 1
        row = epoch_row(self)
        row["seconds"] = round(time.monotonic() - self._began, 3)
        self.history.append(row)
        self.meters.reset()
        self.open_epoch, self.step_in_epoch = False, 0

    def get_final_architecture(self) -> Any:
        """The discretised graph of the present logits; no random number is drawn from a search."""
        self.close_epoch()
        with rng.kept():
            return final_architecture(self).to(self.device)

    def get_op_optimizer(self) -> type[torch.optim.Optimizer]:
        """The class of the weights' optimizer."""
        return type(self.op_optimizer)

    def get_model_size(self) -> float:
        """Millions of parameters, as NASLib counts them: a plain float, for JSON."""
        return sum(parameter.numel() for parameter in self.graph.parameters()) / 1e6

    def get_checkpointables(self) -> dict[str, Any]:
        """The graph with everything else packed into it: see :mod:`naslib_edd.plugin.state`."""
        return {"model": Checkpointed(self)}

    @property
    def architectural_weights(self) -> nn.ParameterList:
        """The logits of each edge [operations], in NASLib's order: what is written here counts."""
        if not hasattr(self, "views"):
            return nn.ParameterList()
        weights, new = self.views.current()
        if new:
            self.views.show(self.graph, self.scope)
        return weights

    def state(self) -> dict[str, Any]:
        """Everything beside the graph's weights that a search needs to go on, bit for bit.

        An epoch that is done but not closed stays so, except where stages act at its end: what they
        need then (the last batch) is not saved.
        """
        if self.stages.all:
            self.close_epoch()
        return state_of(self)

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`; the random generators are set when the next epoch begins."""
        restore(self, state)

    def idle(self) -> list[str]:
        """A line on the settings that were given and have no effect, if there are any."""
        found = constructor.idle(self.method, self.given, self.keywords, loaders=self.loaders)
        return [f"no effect here: {', '.join(found)}"] * bool(found)

    def _tell(self) -> None:
        """Once, and not where our runner has said it."""
        for note in [] if self._told else [*changes(self.config), *self.idle()]:
            logger.warning("%s: %s", self.method, note)
        self._told = True

    def tell_no_more(self, loaders: str) -> None:
        """Our runner says all this itself; ``loaders``: whose images it takes."""
        self.loaders, self._told = loaders, True

    def _set_learning_rate(self) -> None:
        """Cosine, in closed form: NASLib's scheduler is not in its checkpoints."""
        rate = cosine_rate(
            self.settings, epoch=self.epoch, step=self.step_in_epoch, steps=self.steps or 0
        )
        self.learning_rate = self.stages.learning_rate(rate, self.epoch)
        for group in self.op_optimizer.param_groups:
            group["lr"] = self.learning_rate


def optimizer_class(method: str, class_name: str, host: Host) -> type[Any]:
    """The optimizer of a method for a host."""
    doc = f"``optimizer: {method}`` of naslib-edd as a NASLib optimizer; see :class:`Adapter`."
    members = {"method": method, "host": host, "__doc__": doc, "__module__": __name__}
    return type(class_name, (Adapter, host.meta_optimizer), members)
