"""DARTS-ES: stop when the curvature of the validation loss in the logits rises too fast.

Source: Zela et al. 2020, "Understanding and Robustifying Differentiable Architecture Search";
release automl/RobustDARTS, ``src/search/analyze.py`` and ``train_search.py``: the Hessian is that
of the last logit batch of the epoch, batch norm by that batch, with the logits' weight decay on its
diagonal; its largest eigenvalue counts. (Here the running statistics are not touched meanwhile.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from naslib_edd.errors import Diverged
from naslib_edd.selection import stop_epoch
from naslib_edd.selection.fixing import expected_mixture
from naslib_edd.selection.hessian import dominant_eigenvalue, hessian
from naslib_edd.selection.stage import Search, Stage
from naslib_edd.spaces.edge_column import joined, split
from naslib_edd.supernet.layers import evaluating


class EarlyStop(Stage):
    """Early stopping by the dominant eigenvalue.

    The Hessian is of A/t, not of A: at t = 1 the release's; at another t the factor 1/t² of a
    temperature that moves would drown the curvature.

    Args:
        epochs: of the search.
        interval: epochs from one eigenvalue to the next.
        window, start, delta, factor: see :func:`~naslib_edd.selection.early_stop.stop_epoch`.
        weight_decay: of the logits.
    """

    def __init__(
        self,
        *,
        epochs: int,
        interval: int,
        window: int = 5,
        start: int = 10,
        delta: int = 4,
        factor: float = 1.3,
        weight_decay: float = 0.0,
    ) -> None:
        self.epochs, self.interval, self.weight_decay = epochs, interval, weight_decay
        self.rule: dict[str, Any] = {
            "interval": interval,
            "window": window,
            "start": start,
            "delta": delta,
            "factor": factor,
        }
        self.eigenvalues: list[float] = []
        self.choices: list[list[int | None]] = []
        self.stop_epoch: int | None = None

    def end_epoch(self, search: Search, epoch: int) -> dict[str, Any]:
        """Measure, and stop the search if it is time.

        ``hessian_eigenvalue`` (None where not measured); ``stop_epoch``: how many epochs were done
        when the architecture of a stopped search was the present one.
        """
        last = epoch == self.epochs - 1
        if epoch % self.interval and not last:
            return {"hessian_eigenvalue": None}
        curvature = logit_hessian(search)
        if not curvature.isfinite().all():
            raise Diverged(
                f"the Hessian of the logits is not finite after epoch {epoch + 1}; try a smaller "
                "search.t0 or search.learning_rate, or search.early_stop: off"
            )
        eigenvalue = dominant_eigenvalue(curvature) + self.weight_decay
        if epoch % self.interval == 0:
            self.eigenvalues.append(eigenvalue)
            self.choices.append(list(search.largest()))
        if not last:
            self.stop_epoch = stop_epoch(self.eigenvalues, **self.rule)
            self.stopped = self.stop_epoch is not None
        row: dict[str, Any] = {"hessian_eigenvalue": eigenvalue}
        return row | ({} if self.stop_epoch is None else {"stop_epoch": self.stop_epoch + 1})

    def choose(self, search: Search) -> Sequence[int | None] | None:
        """The architecture of the epoch that the search went back to."""
        return None if self.stop_epoch is None else self.choices[self.stop_epoch // self.interval]

    def state_dict(self) -> dict[str, Any]:
        """Eigenvalues and architectures so far."""
        return {
            "eigenvalues": self.eigenvalues,
            "choices": self.choices,
            "stop_epoch": self.stop_epoch,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.eigenvalues, self.choices = list(state["eigenvalues"]), list(state["choices"])
        self.stop_epoch = state["stop_epoch"]
        self.stopped = self.stop_epoch is not None


def logit_hessian(search: Search) -> Tensor:
    """∂²l_val/∂(A/t)² on the epoch's last logit batch: [n, n], n = edges · operations."""
    images, labels = search.last_logit_batch()
    logits, edges = split(search.logits.detach(), search.op_logits.shape[1])

    def loss(part: Tensor) -> Tensor:
        beta = expected_mixture(search, joined(part, edges))
        return F.cross_entropy(search.supernet(images, beta), labels)

    with evaluating(search.supernet, "batch"):
        return search.t**2 * hessian(loss, logits)
