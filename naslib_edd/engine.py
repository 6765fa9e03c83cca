"""One search in memory: data, supernet, parts and optimizers, an epoch at a time.

The engine trains and measures; it writes no file and prints nothing: :mod:`naslib_edd.loop` does.
All randomness: weights and logits from torch's generator seeded by the run's seed, batches and
augmentation from (seed, epoch, step). So the state at any step is the tensors in
:meth:`Engine.state_dict` and two counters.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from naslib_edd.bilevel import Meters
from naslib_edd.bilevel.annealing import cosine_rate
from naslib_edd.data import Batches, ImageSet, SearchData, normalise
from naslib_edd.errors import Diverged
from naslib_edd.methods import make_batches, make_bilevel, make_supernet, make_temperature
from naslib_edd.relaxation import mean_entropy
from naslib_edd.relaxation.softmax import softmax_at
from naslib_edd.selection import argmax_ops
from naslib_edd.settings import Config
from naslib_edd.spaces.nb201 import EDGES, NONE, OPERATIONS, SKIP, ops_to_index, ops_to_str
from naslib_edd.supernet.layers import Statistics


class Engine:
    """The state of a search.

    Args:
        config: a checked config.
        data: its images, on the device.
        device: where everything is.
    """

    def __init__(self, *, config: Config, data: SearchData, device: torch.device) -> None:
        self.config, self.data, self.device = config, data, device
        search = config.search
        torch.manual_seed(config.seed)
        self.supernet = make_supernet(search, classes=data.classes).to(device)
        self.supernet.to(memory_format=self.supernet.layout)  # type: ignore[call-overload]
        # Drawn on the CPU, so that a seed gives the same logits on any device.
        first = search.arch_init * torch.randn(len(EDGES), len(OPERATIONS))
        self.logits = first.to(device).requires_grad_()
        self.temperature = make_temperature(search, edges=len(EDGES))
        self.t = torch.tensor(self.temperature.t, device=device)
        self.meters = Meters(device=device)
        self.bilevel = make_bilevel(
            search, supernet=self.supernet, logits=self.logits, meters=self.meters
        )
        self.weight_optimizer = self.bilevel.weight_optimizer
        self.logit_optimizer = self.bilevel.logit_optimizer
        self.train = make_batches(search, data=data, seed=config.seed, half="train")
        self.val = make_batches(search, data=data, seed=config.seed, half="val")
        #: epochs done, and steps done of the epoch under way
        self.epoch, self.step = 0, 0

    @property
    def steps(self) -> int:
        """Steps an epoch: one pass over the train half."""
        return len(self.train)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.config.search.epochs

    def run_step(self) -> None:
        """One bilevel step of the epoch under way."""
        self._set_learning_rate()
        self.bilevel.step(self._batch(self.train), self._batch(self.val), self.t)
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
        t, learning_rate = self.temperature.t, self.weight_optimizer.param_groups[0]["lr"]
        current = float(mean_entropy(softmax_at(self.logits, self.t)))
        untempered = float(mean_entropy(softmax_at(self.logits, 1.0)))
        ops = argmax_ops(self.logits)
        self.epoch, self.step = self.epoch + 1, 0
        wanted = untempered if self.temperature.entropy_of == "untempered" else current
        self._set_temperature(self.temperature.update(epoch=self.epoch, entropy=wanted))
        row = {
            "epoch": self.epoch,
            "t": t,
            "t_next": self.temperature.t,
            "d": self.temperature.strength,
            "entropy": current,
            "entropy_untempered": untempered,
            "learning_rate": learning_rate,
            **self.meters.means(),
            "arch_str": ops_to_str(ops),
            "ops": list(ops),
            "index": ops_to_index(ops),
            "skip_count": ops.count(SKIP),
            "none_count": ops.count(NONE),
            **{
                f"net_val_acc_{kind}": self.accuracy(self.data.val, ops, kind)
                for kind in self.eval_statistics()
            },
            "logits": self.logits.tolist(),
        }
        self.meters.reset()
        return row

    def eval_statistics(self) -> list[Statistics]:
        """The kinds of batch-norm statistics that the discretised network is measured with."""
        chosen = self.config.search.eval_statistics
        if not self.config.search.running_statistics:
            return ["batch"]
        return ["batch", "running"] if chosen == "both" else [chosen]

    @torch.no_grad()
    def accuracy(self, images: ImageSet, ops: tuple[int, ...], statistics: Statistics) -> float:
        """Accuracy, %, of the discretised network with the shared weights, in one pass."""
        size = self.config.search.eval_batch_size
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        for start in range(0, len(images), size):
            part = slice(start, start + size)
            x = normalise(images.images[part], self.data.mean, self.data.std)
            scores = self.supernet.discretised(self._layout(x), ops, statistics)
            correct += (scores.argmax(1) == images.labels[part]).sum()
        return 100.0 * int(correct) / len(images)

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resumed search needs: tensors, numbers and texts only."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "supernet": self.supernet.state_dict(),
            "logits": self.logits.detach(),
            # A stale gradient of the logits is part of the clipping norm: see FirstOrder.
            "logits_grad": self.logits.grad,
            "weight_optimizer": self.weight_optimizer.state_dict(),
            "logit_optimizer": self.logit_optimizer.state_dict(),
            "temperature": self.temperature.state_dict(),
            "meters": self.meters.state_dict(),
            "torch_rng": torch.get_rng_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`, bit for bit."""
        self.epoch, self.step = state["epoch"], state["step"]
        self.supernet.load_state_dict(state["supernet"])
        with torch.no_grad():
            self.logits.copy_(state["logits"])
        grad = state["logits_grad"]
        self.logits.grad = None if grad is None else grad.to(self.device)
        self.weight_optimizer.load_state_dict(state["weight_optimizer"])
        self.logit_optimizer.load_state_dict(state["logit_optimizer"])
        self.temperature.load_state_dict(state["temperature"])
        self._set_temperature(self.temperature.t)
        self.meters.load_state_dict(state["meters"])
        torch.set_rng_state(state["torch_rng"].cpu())

    def _batch(self, batches: Batches) -> tuple[Tensor, Tensor]:
        images, labels = batches.batch(self.epoch, self.step)
        return self._layout(images), labels

    def _layout(self, x: Tensor) -> Tensor:
        return x.contiguous(memory_format=self.supernet.layout)

    def _set_learning_rate(self) -> None:
        rate = cosine_rate(self.config.search, epoch=self.epoch, step=self.step, steps=self.steps)
        for group in self.weight_optimizer.param_groups:
            group["lr"] = rate

    def _set_temperature(self, t: float) -> None:
        self.t.fill_(t)
