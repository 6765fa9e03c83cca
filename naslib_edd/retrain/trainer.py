"""The steps of a training: forward and backward of a batch's parts, the weights, their average."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from naslib_edd.data.sampling import generator, stable_seed
from naslib_edd.errors import Diverged, UserError
from naslib_edd.retrain import schedule
from naslib_edd.retrain.images import Images, Step, number_type
from naslib_edd.retrain.network import build
from naslib_edd.retrain.processes import Processes
from naslib_edd.retrain.settings import Settings
from naslib_edd.spaces import Kept, Space
from naslib_edd.supernet.precision import autocast
from naslib_edd.supernet.scores import scores_of

#: Types of autocast.
_HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Trainer:
    """A network, its optimizer, and where the run is.

    Args:
        space, arch: the architecture.
        settings: the run's.
        images: to train on.
        device: where it runs.
        processes: that share each batch.

    Attributes:
        network: the network itself, without what wraps it.
        average: its moving average, where the settings have one.
        epoch, step: how many epochs are done, and steps of the one under way.
    """

    def __init__(
        self,
        space: Space,
        arch: Kept,
        settings: Settings,
        images: Images,
        *,
        device: torch.device,
        processes: Processes,
    ) -> None:
        check_precision(settings.precision, device)
        self.settings, self.images = settings, images
        self.device, self.processes = device, processes
        torch.manual_seed(stable_seed(settings.seed, "retrain", "weights"))
        network = build(space, arch, settings, classes=images.classes)
        self.network = network.to(device, number_type(settings))
        if settings.channels_last:
            self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average: AveragedModel | None = None
        if settings.ema:
            self.average = AveragedModel(
                self.network, multi_avg_fn=get_ema_multi_avg_fn(settings.ema), use_buffers=True
            )
        self._check_size()
        self.optimizer = torch.optim.SGD(
            self.network.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            nesterov=settings.nesterov,
            weight_decay=settings.weight_decay,
        )
        self.scaler = torch.amp.GradScaler(device.type, enabled=settings.precision == "fp16")
        self._model = self._wrapped()
        self.epoch = self.step = 0
        #: Sum of the losses, right answers, images: of this process, in the epoch under way.
        self.sums = torch.zeros(3, dtype=torch.float64, device=device)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.settings.epochs

    def steps(self) -> Iterator[Step]:
        """What is left of the epoch under way; sets the rate and drop path."""
        for group in self.optimizer.param_groups:
            group["lr"] = schedule.learning_rate(self.settings, self.epoch)
        if hasattr(self.network, "drop_path"):
            setattr(self.network, "drop_path", schedule.drop_path(self.settings, self.epoch))  # noqa: B010
        return self.images.train(self.epoch, self.step)

    def run_step(self, share: Step) -> None:
        """One step of the weights."""
        settings = self.settings
        self._model.train()
        self.optimizer.zero_grad(set_to_none=True)
        for place, (number, (x, labels)) in enumerate(zip(share.numbers, share.parts, strict=True)):
            last = place == len(share.parts) - 1
            with self._unsynchronised(last):
                loss = self._loss(x, labels, number=number, total=share.total)
                self.scaler.scale(loss).backward()
        if settings.clip_norm:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.network.parameters(), settings.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update_parameters(self.network)
        self.step += 1

    def _loss(self, x: Tensor, labels: Tensor, *, number: int, total: int) -> Tensor:
        """This part's share of the batch's mean loss, times the processes that it is averaged over.

        Drop path draws by epoch, step and part, so that the processes' number does not matter.
        """
        settings = self.settings
        if hasattr(self.network, "generator"):
            key = (settings.seed, "retrain", "drop_path", self.epoch, self.step, number)
            setattr(self.network, "generator", generator(*key))  # noqa: B010
        if settings.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        with autocast(x, _HALF.get(settings.precision)):
            scores, auxiliary = scores_of(self._model(x))
        scores = self._exact(scores)
        smooth = settings.label_smoothing
        loss = F.cross_entropy(scores, labels, reduction="sum", label_smoothing=smooth)
        self.sums += torch.stack(
            [
                loss.detach().double(),
                (scores.argmax(1) == labels).sum().double(),
                torch.tensor(float(len(labels)), device=x.device, dtype=torch.float64),
            ]
        )
        if auxiliary is not None:
            loss = loss + settings.auxiliary * F.cross_entropy(
                self._exact(auxiliary), labels, reduction="sum", label_smoothing=smooth
            )
        return loss * (self.processes.count / total)

    def end_epoch(self) -> dict[str, float]:
        """Loss and accuracy (%) of the epoch's training images, over all processes."""
        self.check_finite()
        loss, right, count = self.processes.total(self.sums.clone()).tolist()
        self.processes.mean(list(self._statistics()))
        self.sums.zero_()
        self.epoch, self.step = self.epoch + 1, 0
        return {"train_loss": loss / count, "train_acc": 100 * right / count}

    @torch.no_grad()
    def accuracy(self, which: str, network: nn.Module | None = None) -> float:
        """Accuracy, %, on ``val`` or ``test``; of the weights of now, or of another network."""
        network = self.network if network is None else network
        found = torch.zeros(2, dtype=torch.float64, device=self.device)
        network.eval()
        for x, labels in self.images.held_out(which):
            if self.settings.channels_last:
                x = x.contiguous(memory_format=torch.channels_last)
            with autocast(x, _HALF.get(self.settings.precision)):
                scores, _ = scores_of(network(x))
            found[0] += (scores.argmax(1) == labels).sum()
            found[1] += len(labels)
        right, count = self.processes.total(found).tolist()
        return 100 * right / count

    def check_finite(self) -> None:
        """Raise Diverged if a loss of this epoch was no number."""
        if not math.isfinite(float(self.sums[0])):
            raise Diverged(
                f"the loss became NaN or infinite in epoch {self.epoch + 1}; lower learning_rate, "
                "or set clip_norm. The last checkpoint was kept"
            )

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next steps depend on."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "sums": self.sums.cpu(),
            "network": self.network.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where a state is."""
        self.network.load_state_dict(state["network"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(state["scaler"])
        self.sums.copy_(state["sums"])
        self.epoch, self.step = int(state["epoch"]), int(state["step"])

    def _exact(self, scores: Tensor) -> Tensor:
        return scores if scores.dtype == torch.float64 else scores.float()

    def _statistics(self) -> Iterator[Tensor]:
        """Running statistics: each process has those of its own images."""
        for network in (self.network, self.average):
            if network is not None:
                yield from (each for each in network.buffers() if each.is_floating_point())

    def _unsynchronised(self, last: bool) -> AbstractContextManager[None]:
        """All but a batch's last part leave the gradients where they are."""
        if last or not isinstance(self._model, DistributedDataParallel):
            return nullcontext()
        return self._model.no_sync()

    def _wrapped(self) -> nn.Module:
        model = self.network
        if self.settings.compile:
            model = torch.compile(model)  # type: ignore[assignment]
        if self.processes.several:
            # A cell may have operations on no path to its output. Each process keeps statistics
            # of its own, as the releases' DataParallel does; they are averaged after an epoch.
            model = DistributedDataParallel(
                model, broadcast_buffers=False, find_unused_parameters=True
            )
        return model

    def _check_size(self) -> None:
        """The network takes images of this size, auxiliary head included; or a UserError."""
        trial = copy.deepcopy(self.network).train()
        size = self.images.size
        x = torch.zeros(2, 3, size, size, device=self.device, dtype=number_type(self.settings))
        try:
            with torch.no_grad():
                trial(x)
        except (RuntimeError, ValueError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            raise UserError(
                f"this network takes no images of {size} × {size} pixels "
                f"({str(error).splitlines()[0][:100]}); choose another stem or other images"
            ) from None


def check_precision(name: str, device: torch.device) -> None:
    """Raise UserError where the device does not compute in that precision."""
    if name == "fp16" and device.type != "cuda":
        raise UserError("precision=fp16 needs a GPU; on a CPU use bf16 or fp32")
    if name != "bf16":
        return
    if device.type == "cuda":
        there = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        there = bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    if not there:
        raise UserError(f"precision=bf16: this {device.type} has no bf16 units; use precision=fp32")
