"""What networks are worth: accuracies of the supernet and of the discretised network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from naslib_edd.config.settings import Config
from naslib_edd.config.settings.images import measured
from naslib_edd.data import ImageSet, SearchData, normalise
from naslib_edd.relaxation import Relaxation
from naslib_edd.supernet.base import Supernet
from naslib_edd.supernet.layers import Statistics, evaluating


class Evaluation:
    """The passes of a search that train nothing and draw nothing: a base of the engine."""

    config: Config
    data: SearchData
    device: torch.device
    supernet: Supernet
    relaxation: Relaxation
    logits: Tensor

    def eval_statistics(self) -> list[Statistics]:
        """The kinds of batch-norm statistics that the discretised network is measured with."""
        search = self.config.search
        return measured(search.eval_statistics, running=search.running_statistics)

    @torch.no_grad()
    def accuracy(
        self, images: ImageSet, ops: Sequence[int | None], statistics: Statistics
    ) -> float:
        """Accuracy, %, of the discretised network with the shared weights, in one pass."""
        edges = self.relaxation.edge_weights(self.logits)
        return self._accuracy(
            images, lambda x: self.supernet.discretised(x, ops, statistics, edges)
        )

    @torch.no_grad()
    def supernet_accuracy(self, beta: Tensor, statistics: Statistics) -> float:
        """Accuracy, %, of the supernet under β over the validation half. Draws nothing."""
        with evaluating(self.supernet, statistics):
            return self._accuracy(self.data.val, lambda x: self.supernet(x, beta))

    def _accuracy(self, images: ImageSet, scores: Callable[[Tensor], Tensor]) -> float:
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        for number in range(self._parts(images)):
            x, labels = self._part(images, number)
            correct += (scores(x).argmax(1) == labels).sum()
        return 100.0 * int(correct) / len(images)

    @property
    def val_batches(self) -> int:
        """Batches of ``eval_batch_size`` that hold the validation half."""
        return self._parts(self.data.val)

    def val_batch(self, number: int) -> tuple[Tensor, Tensor]:
        """One of them: normalised images as they are, in order, and labels."""
        return self._part(self.data.val, number)

    def _parts(self, images: ImageSet) -> int:
        return -(-len(images) // self.config.search.eval_batch_size)

    def _part(self, images: ImageSet, number: int) -> tuple[Tensor, Tensor]:
        size = self.config.search.eval_batch_size
        part = slice(number * size, (number + 1) * size)
        x = normalise(images.images[part], self.data.mean, self.data.std)
        return self._layout(x), images.labels[part]

    def _layout(self, x: Tensor) -> Tensor:
        return x.contiguous(memory_format=self.supernet.memory_format)
