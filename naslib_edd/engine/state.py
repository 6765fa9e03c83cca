"""What a search is made of, as its stages see it and as a checkpoint holds it.

All randomness: weights and logits from torch's generator seeded by the run's seed, batches and
augmentation from (seed, epoch, step), on the CPU whatever the device; a Dirichlet's samples on the
device. So the state at any step is the tensors in :meth:`SearchState.state_dict` and two counters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from naslib_edd import spaces
from naslib_edd.bilevel import Meters
from naslib_edd.bilevel.optimizers import load_portable, portable_state
from naslib_edd.config.settings import Config
from naslib_edd.data import ImageSet, SearchData
from naslib_edd.data.sampling import generator
from naslib_edd.engine.build import (
    allowed_in,
    choose,
    gone_on,
    make_batches,
    make_bilevel,
    make_parts,
    make_stages,
    make_step,
    make_supernet,
    step_mode,
)
from naslib_edd.engine.evaluation import Evaluation
from naslib_edd.spaces import Kept
from naslib_edd.spaces.edge_column import split


class SearchState(Evaluation):
    """Data, supernet, parts and optimizers of a search: a base of the engine.

    Args:
        config: a checked config.
        data: its images, on the device.
        device: where everything is.

    It is a :class:`naslib_edd.selection.stage.Search`.
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
    def op_logits(self) -> Tensor:
        """The logits of the operations, without the column of edge weights: [edges, operations]."""
        return split(self.logits, len(self.space.layout.operations))[0]

    def largest(self) -> Kept:
        """The architecture of the largest logits of what is not ruled out."""
        edges = self.relaxation.edge_weights(self.logits) if self.space.layout.thinned else None
        return self.space.discretise(self.op_logits, allowed=self.allowed, edge_weights=edges)

    def last_logit_batch(self) -> tuple[Tensor, Tensor]:
        """The images and labels of this epoch's last logit step, as it saw them."""
        images, labels = self.val.batch(self.epoch, self.steps - 1)
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

    def set_temperature(self, t: float) -> None:
        """For the steps to come; in its place, where a graph looks for it."""
        self.t.fill_(t)

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resumed search needs: tensors, numbers and texts only."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "supernet": self.supernet.state_dict(),
            "logits": self.logits.detach(),
            "allowed": self.allowed,
            "relaxation": self.relaxation.state_dict(),
            "regularisers": [regulariser.state_dict() for regulariser in self.regularisers],
            "bilevel": self.bilevel.state_dict(),
            "drop_path": None if self.drop_path is None else self.drop_path.state_dict(),
            "stages": [stage.state_dict() for stage in self.stages],
            # A stale gradient of the logits is part of the clipping norm: see FirstOrder.
            "logits_grad": self.logits.grad,
            "weight_optimizer": portable_state(self.weight_optimizer, rate=self.rate),
            "logit_optimizer": portable_state(self.logit_optimizer),
            "temperature": self.temperature.state_dict(),
            "meters": self.meters.state_dict(),
            "torch_rng": torch.get_rng_state(),
            "kernels": self.kernels.as_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`, bit for bit."""
        self.epoch, self.step = state["epoch"], state["step"]
        for stage, held in zip(self.stages, state["stages"], strict=True):
            stage.load_state_dict(held)
            stage.restore(self, self.epoch)
        self.supernet.load_state_dict(state["supernet"])
        with torch.no_grad():
            self.logits.copy_(state["logits"])
            self.allowed.copy_(state["allowed"])
        self.relaxation.load_state_dict(state["relaxation"])
        for regulariser, held in zip(
            self.regularisers, state.get("regularisers", ()), strict=False
        ):
            regulariser.load_state_dict(held)
        self.bilevel.load_state_dict(state["bilevel"])
        if self.drop_path is not None:
            self.drop_path.load_state_dict(state["drop_path"])
        grad = state["logits_grad"]
        self.logits.grad = None if grad is None else grad.to(self.device)
        load_portable(self.weight_optimizer, state["weight_optimizer"])
        load_portable(self.logit_optimizer, state["logit_optimizer"])
        self.rate = state["weight_optimizer"]["param_groups"][0]["lr"]
        if self.graphed is not None:
            self.graphed.forget()
        self.temperature.load_state_dict(state["temperature"])
        self.set_temperature(self.temperature.t)
        self.meters.load_state_dict(state["meters"])
        torch.set_rng_state(state["torch_rng"].cpu())
        self.kernels = gone_on(
            self.kernels, state.get("kernels"), precision=self.config.search.precision
        )
        if self.step > 0:
            self.begin_epoch()  # the stages have had their say before the checkpoint

    def _accuracy(self, images: ImageSet, scores: Callable[[Tensor], Tensor]) -> float:
        with self.kernels.taken():
            return super()._accuracy(images, scores)
