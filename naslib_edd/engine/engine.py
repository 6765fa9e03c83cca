"""One search in memory: data, supernet, parts and optimizers, an epoch at a time.

The engine trains and measures; it writes no file and prints nothing: :mod:`naslib_edd.engine.loop`
does. All randomness: weights and logits from torch's generator seeded by the run's seed, batches
and augmentation from (seed, epoch, step), on the CPU whatever the device; a Dirichlet's samples on
the device. So the state at any step is the tensors in :meth:`Engine.state_dict` and two counters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from naslib_edd import spaces
from naslib_edd.bilevel import Meters
from naslib_edd.bilevel.annealing import cosine_rate
from naslib_edd.bilevel.meters import OF_LOGIT_STEPS
from naslib_edd.bilevel.optimizers import set_rate
from naslib_edd.config.settings import Config
from naslib_edd.data import Batches, ImageSet, SearchData
from naslib_edd.data.sampling import generator
from naslib_edd.engine.build import (
    allowed_in,
    choose,
    make_batches,
    make_bilevel,
    make_parts,
    make_stages,
    make_step,
    make_supernet,
    step_mode,
)
from naslib_edd.engine.evaluation import Evaluation
from naslib_edd.engine.state import restore, state_of
from naslib_edd.errors import Diverged
from naslib_edd.relaxation import mean_entropy
from naslib_edd.spaces import Kept
from naslib_edd.spaces.edge_column import split
from naslib_edd.supernet.native import taking


class Engine(Evaluation):
    """The state of a search.

    Args:
        config: a checked config.
        data: its images, on the device.
        device: where everything is.
    """

    def __init__(self, *, config: Config, data: SearchData, device: torch.device) -> None:
        self.config, self.data, self.device = config, data, device
        search = config.search
        self.path = step_mode(search, device)
        self.space = spaces.get(config.search_space)
        size = data.train.images.shape[-1]
        kernels, raced = self.space.kernels, self.space.name == "nasbench201"
        self.kernels = choose(search, device=device, size=size, usable=kernels, raced=raced)
        torch.manual_seed(config.seed)
        layout = self.space.layout
        self.supernet = make_supernet(search, classes=data.classes, space=self.space).to(device)
        self.supernet.to(memory_format=self.supernet.memory_format)  # type: ignore[call-overload]
        partial = search.edge_columns  # a column more: the logits of the edge weights
        # Drawn on the CPU, so that a seed gives the same logits on any device.
        shape = (layout.edges, len(layout.operations) + partial)
        first = search.arch_init * torch.randn(shape)
        self.logits = first.to(device).requires_grad_()
        # A Dirichlet's samples depend on the logits, which are not to be waited for.
        drawn = device if search.relaxation == "dirichlet" else "cpu"
        samples = generator(config.seed, "relaxation", device=drawn)
        parts = make_parts(
            search,
            seed=config.seed,
            samples=samples,
            allowed=allowed_in(search, layout).to(device),
            layout=layout,
            targets=layout.targets,
            skip=layout.skip,
        )
        self.allowed, self.relaxation = parts.allowed, parts.relaxation
        self.temperature, self.regularisers = parts.temperature, parts.regularisers
        self.perturbation = parts.perturbation
        self.supernet.drop_path = self.drop_path = parts.drop_path
        self.t = torch.tensor(self.temperature.t, device=device)
        self.stages = make_stages(search, seed=config.seed, layout=layout)
        self.meters = Meters(device=device)
        self.bilevel = make_bilevel(
            search,
            supernet=self.supernet,
            logits=self.logits,
            relaxation=self.relaxation,
            regularisers=self.regularisers,
            perturbation=self.perturbation,
            meters=self.meters,
            generator=generator(config.seed, "bilevel"),
            graphed=self.path.graphed,
        )
        self.graphed = None
        if self.path.graphed:
            self.graphed = make_step(
                search,
                bilevel=self.bilevel,
                parts=[self.relaxation, *self.regularisers],
                device=device,
                generators=[samples] if samples.device.type == device.type else [],
            )
        self.weight_optimizer = self.bilevel.weight_optimizer
        self.logit_optimizer = self.bilevel.logit_optimizer
        #: of the weights, in the last step
        self.rate = search.learning_rate
        self.train = make_batches(search, data=data, seed=config.seed, half="train")
        self.val = make_batches(search, data=data, seed=config.seed, half="val")
        #: epochs done, and steps done of the epoch under way
        self.epoch, self.step = 0, 0

    @property
    def steps(self) -> int:
        """Steps an epoch: one pass over the train half."""
        return len(self.train)

    @property
    def epochs(self) -> int:
        """Epochs of the whole run: the search's, and those that its stages add."""
        return self.config.search.epochs + sum(stage.extra_epochs for stage in self.stages)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or a stage has stopped the search."""
        return self.epoch >= self.epochs or any(stage.stopped for stage in self.stages)

    @property
    def op_logits(self) -> Tensor:
        """The logits of the operations, without the column of edge weights: [edges, operations]."""
        return split(self.logits, len(self.space.layout.operations))[0]

    def run_step(self) -> None:
        """One bilevel step of the epoch under way."""
        if self.step == 0:
            self.begin_epoch()
            with taking(self.kernels.on):
                for stage in self.stages:
                    stage.begin_epoch(self, self.epoch)
            if self.graphed is not None:
                self.graphed.begin_epoch()
        self._set_learning_rate()
        step = self.bilevel.step if self.graphed is None else self.graphed
        with taking(self.kernels.on):
            step(self._batch(self.train), self._batch(self.val), self.t)
            for stage in self.stages:
                stage.end_step(self)
        self.step += 1

    def check_finite(self) -> None:
        """Raise Diverged if a loss, a weight or a logit is no longer a finite number."""
        network = self.supernet
        held = [self.meters.sums, self.logits, *network.parameters(), *network.buffers()]
        if torch.stack([torch.isfinite(tensor).all() for tensor in held]).all():
            return
        raise Diverged(
            f"the loss is not a finite number in epoch {self.epoch + 1}, at or before step "
            f"{self.step}; try a lower search.learning_rate (now "
            f"{self.config.search.learning_rate:g}) or search.grad_clip"
        )

    def _accuracy(self, images: ImageSet, scores: Callable[[Tensor], Tensor]) -> float:
        with taking(self.kernels.on):
            return super()._accuracy(images, scores)

    @torch.no_grad()
    def end_epoch(self) -> dict[str, Any]:
        """Close the epoch: measure it, give the next temperature, return its record.

        The table has no part in this: it is looked up for the record only, by the loop.
        """
        self.check_finite()
        t = self.temperature.t
        there = self.allowed.any(-1)
        current = float(mean_entropy(self.relaxation.expected(self.logits, self.t), there))
        one = torch.ones_like(self.t)
        untempered = float(mean_entropy(self.relaxation.expected(self.logits, one), there))
        extra: dict[str, Any] = {}
        with taking(self.kernels.on):
            for stage in self.stages:
                extra |= stage.end_epoch(self, self.epoch)
        ops = self.choose()
        self.epoch, self.step = self.epoch + 1, 0
        wanted = untempered if self.temperature.entropy_of == "untempered" else current
        self.set_temperature(self.temperature.update(epoch=self.epoch, entropy=wanted))
        row = {
            "epoch": self.epoch,
            "t": t,
            "t_next": self.temperature.t,
            "d": self.temperature.strength,
            "entropy": current,
            "entropy_untempered": untempered,
            "learning_rate": self.rate,
            **self.meters.means(),
            # A mean over no steps is unknown, not 0.
            **dict.fromkeys(OF_LOGIT_STEPS if self.bilevel.logits_rest else ()),
            **self.space.row(ops),
            **{
                f"net_val_acc_{kind}": self.accuracy(self.data.val, ops, kind)
                for kind in self.eval_statistics()
            },
            **extra,
            "logits": self.op_logits.tolist(),
        }
        _, edges = split(self.logits, len(self.space.layout.operations))
        if edges is not None:
            row["edge_logits"] = edges.tolist()
        self.meters.reset()
        return row

    def choose(self) -> Kept:
        """The architecture of the present state: a stage's choice, else the largest logits."""
        for stage in self.stages:
            chosen = stage.choose(self)
            if chosen is not None:
                return tuple(chosen)
        return self.largest()

    def largest(self) -> Kept:
        """The architecture of the largest logits of what is not ruled out."""
        edges = self.relaxation.edge_weights(self.logits) if self.space.layout.thinned else None
        return self.space.discretise(self.op_logits, allowed=self.allowed, edge_weights=edges)

    def last_logit_batch(self) -> tuple[Tensor, Tensor]:
        """The images and labels of this epoch's last logit step, as it saw them."""
        images, labels = self.val.batch(self.epoch, self.steps - 1)
        return self._layout(images), labels

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resumed search needs: tensors, numbers and texts only."""
        return state_of(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`, bit for bit."""
        restore(self, state)

    def _batch(self, batches: Batches) -> tuple[Tensor, Tensor]:
        images, labels = batches.batch(self.epoch, self.step)
        return self._layout(images), labels

    def begin_epoch(self) -> None:
        """Schedules that are functions of the epoch."""
        self.bilevel.begin_epoch(self.epoch)
        self.relaxation.begin_epoch(self.epoch)
        for regulariser in self.regularisers:
            regulariser.begin_epoch(self.epoch)
        if self.perturbation is not None:
            self.perturbation.begin_epoch(self.epoch)
        if self.drop_path is not None:
            self.drop_path.begin_epoch(self.epoch)
        search = self.config.search
        fixed = search.arch_fixed or search.relaxation == "uniform"
        rest = fixed or self.epoch < search.arch_warmup_epochs
        self.bilevel.logits_rest = rest or any(s.logits_rest(self.epoch) for s in self.stages)

    def _set_learning_rate(self) -> None:
        rate = cosine_rate(self.config.search, epoch=self.epoch, step=self.step, steps=self.steps)
        for stage in self.stages:
            rate = stage.learning_rate(rate, self.epoch)
        self.rate = rate
        set_rate(self.weight_optimizer, rate)

    def set_temperature(self, t: float) -> None:
        """For the steps to come; in its place, where a graph looks for it."""
        self.t.fill_(t)
