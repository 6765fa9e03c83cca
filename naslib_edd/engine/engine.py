"""One search in memory, an epoch at a time.

The engine trains and measures; it writes no file and prints nothing: :mod:`naslib_edd.engine.loop`
does. What it is made of, and where its randomness comes from, is in :mod:`naslib_edd.engine.state`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.bilevel.annealing import cosine_rate
from naslib_edd.bilevel.meters import OF_LOGIT_STEPS
from naslib_edd.bilevel.optimizers import set_rate
from naslib_edd.data import Batches
from naslib_edd.engine.state import SearchState
from naslib_edd.errors import Diverged
from naslib_edd.relaxation import mean_entropy
from naslib_edd.spaces import Kept
from naslib_edd.spaces.edge_column import split


class Engine(SearchState):
    """A search that runs; made as its state is."""

    @property
    def epochs(self) -> int:
        """Epochs of the whole run: the search's, and those that its stages add."""
        return self.config.search.epochs + sum(stage.extra_epochs for stage in self.stages)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or a stage has stopped the search."""
        return self.epoch >= self.epochs or any(stage.stopped for stage in self.stages)

    def run_step(self) -> None:
        """One bilevel step of the epoch under way."""
        if self.step == 0:
            self.begin_epoch()
            with self.kernels.taken():
                for stage in self.stages:
                    stage.begin_epoch(self, self.epoch)
            if self.graphed is not None:
                self.graphed.begin_epoch()
        self._set_learning_rate()
        step = self.bilevel.step if self.graphed is None else self.graphed
        with self.kernels.taken():
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
        with self.kernels.taken():
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

    def _batch(self, batches: Batches) -> tuple[Tensor, Tensor]:
        images, labels = batches.batch(self.epoch, self.step)
        return self._layout(images), labels

    def _set_learning_rate(self) -> None:
        rate = cosine_rate(self.config.search, epoch=self.epoch, step=self.step, steps=self.steps)
        for stage in self.stages:
            rate = stage.learning_rate(rate, self.epoch)
        self.rate = rate
        set_rate(self.weight_optimizer, rate)
