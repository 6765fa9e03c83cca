"""The choice by sampling: the best of some random architectures, with the shared weights.

Source: Li & Talwalkar 2019, "Random Search and Reproducibility for Neural Architecture Search", as
NAS-Bench-201's release of it has it (D-X-Y/AutoDL-Projects, RANDOM-NAS): each architecture is seen
on one validation batch, the next one on the next.
"""

from __future__ import annotations

from typing import Any

from naslib_edd.data.sampling import generator
from naslib_edd.selection import drawn
from naslib_edd.selection.stage import Search, Stage
from naslib_edd.spaces import Kept, Layout
from naslib_edd.supernet.layers import Statistics


class BestOf(Stage):
    """After each epoch, draws architectures uniformly from what is not ruled out.

    Args:
        layout: of the space.
        epochs: of the search.
        count: architectures after the last epoch, and ``count_before``: after each one before it.
        batches: validation batches that each is measured on.
        statistics: of the batch norms.
        seed: the run's; the draws of an epoch follow from it and the epoch alone.
    """

    def __init__(
        self,
        *,
        layout: Layout,
        epochs: int,
        count: int,
        count_before: int,
        batches: int,
        statistics: Statistics,
        seed: int,
    ) -> None:
        self.layout = layout
        self.epochs, self.count, self.count_before = epochs, count, count_before
        self.batches, self.statistics, self.seed = batches, statistics, seed
        self.best: Kept | None = None

    def end_epoch(self, search: Search, epoch: int) -> dict[str, Any]:
        """Draw and measure. ``candidates``: how many; ``candidate_acc``: the best one's, %."""
        count = self.count if epoch + 1 >= self.epochs else self.count_before
        draws = generator(self.seed, "best_of", epoch)
        best = -1.0
        candidates = drawn(search.allowed, self.layout, count=count, generator=draws)
        for number, arch in enumerate(candidates):
            accuracy = self._accuracy(search, arch, number * self.batches)
            if accuracy > best:
                best, self.best = accuracy, arch
        return {"candidates": count, "candidate_acc": best}

    def choose(self, search: Search) -> Kept | None:
        """The best of the last epoch's."""
        return self.best

    def state_dict(self) -> dict[str, Any]:
        """The choice so far."""
        return {"best": None if self.best is None else list(self.best)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.best = None if state["best"] is None else tuple(state["best"])

    def _accuracy(self, search: Search, arch: Kept, first: int) -> float:
        correct = images = 0
        for number in range(first, first + min(self.batches, search.val_batches)):
            x, labels = search.val_batch(number % search.val_batches)
            scores = search.supernet.discretised(x, arch, self.statistics)
            correct += int((scores.argmax(1) == labels).sum())
            images += len(labels)
        return 100.0 * correct / images
