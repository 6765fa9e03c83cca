"""Settings of the selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting
from naslib_edd.config.settings.network import NetworkSettings
from naslib_edd.config.settings.steps import StepSettings
from naslib_edd.config.settings.temperature import TemperatureSettings
from naslib_edd.errors import UserError


@dataclass(frozen=True, kw_only=True)
class SelectionSettings(TemperatureSettings, StepSettings, NetworkSettings):
    """How and when logits become an architecture."""

    # How an edge's operation is chosen
    selection: Literal["argmax", "perturbation"] = setting(
        "argmax",
        "the largest logit, or the operation whose removal costs most: after the search, edge by "
        "edge, in epochs of its own (DARTS-PT)",
    )
    pt_tune: int | None = setting(
        None, "PT: epochs between two edges; search.epochs / 20 by default (5 of 100)", at_least=1
    )
    pt_order: Literal["random", "forward", "backward"] = setting(
        "random", "PT: in which order edges are decided: of the seed, or from one end of the cell"
    )
    pt_criterion: Literal["accuracy", "loss"] = setting(
        "accuracy", "PT: what of the validation half a removal is measured by"
    )
    pt_statistics: Literal["batch", "running"] = setting(
        "batch", "PT: batch norm of that pass; the release: batch"
    )
    pt_learning_rate: float | None = setting(
        None, "PT: learning rate between two edges; a tenth of learning_rate by default", above=0
    )
    arch_fixed: bool = setting(False, "PT: the logits rest from the first epoch to the last")

    # Edge by edge during the search
    greedy: Literal["off", "cri1", "cri2"] = setting(
        "off",
        "SGAS: the surest edge is decided every few epochs, by importance and certainty (cri1), "
        "and stability (cri2); with selection: perturbation its operation is PT's",
    )
    greedy_warmup: int | None = setting(
        None, "SGAS: the first decision is after this epoch (0-based); 9 of 40 epochs", at_least=0
    )
    greedy_interval: int | None = setting(
        None, "SGAS: epochs from one decision to the next; 5 of 40 epochs", at_least=1
    )
    greedy_history: int = setting(4, "SGAS, cri2: epochs that stability looks back", at_least=1)

    # Before the end
    early_stop: Literal["off", "eigenvalue"] = setting(
        "off", "DARTS-ES: stop where the Hessian's dominant eigenvalue rises too fast"
    )
    es_interval: int | None = setting(
        None, "DARTS-ES: an eigenvalue every so many epochs; 2 of 50 epochs", at_least=1
    )
    es_window: int = setting(5, "DARTS-ES: eigenvalues an average is over", at_least=1)
    es_delta: int = setting(
        4, "DARTS-ES: how many eigenvalues lie between two averages", at_least=1
    )
    es_factor: float = setting(1.3, "DARTS-ES: ratio of the averages that stops", above=0)
    es_start: int | None = setting(
        None, "DARTS-ES: never go back to an epoch before this; 10 of 50 epochs", at_least=0
    )

    @property
    def tune_epochs(self) -> int:
        """Epochs between two edges of PT."""
        return self.pt_tune or max(self.epochs // 20, 1)

    def greedy_times(self, decisions: int) -> tuple[int, int]:
        """(warm-up, interval) of SGAS. By default the release's, stretched to the epochs.

        Args:
            decisions: how many are made, one after another; on NAS-Bench-201 six.
        """
        interval = self.greedy_interval or max(self.epochs * 5 // 40, 1)
        if self.greedy_warmup is not None:
            return self.greedy_warmup, interval
        # At least one epoch is left after the last decision, where there is room.
        return max(
            min(self.epochs * 9 // 40, self.epochs - 2 - interval * (decisions - 1)), 0
        ), interval

    @property
    def es_times(self) -> tuple[int, int]:
        """(interval, start) of DARTS-ES. By default the release's, stretched to the epochs."""
        start = self.epochs // 5 if self.es_start is None else self.es_start
        return self.es_interval or max(self.epochs // 25, 1), start

    def check_selection(self, decisions: int) -> None:
        """Raise UserError for settings of the selection that do not go together."""
        if self.arch_fixed:
            self._check_fixed()
        if self.greedy != "off":
            self._check_greedy(decisions)
        if self.early_stop != "off" and (self.selection != "argmax" or self.greedy != "off"):
            other = "greedy" if self.greedy != "off" else "selection: perturbation"
            raise UserError(
                "search.early_stop goes back to the largest logits of an earlier epoch, which "
                f"decisions made since (search.{other}) would contradict: use one of them"
            )

    def _check_fixed(self) -> None:
        if self.selection != "perturbation" or self.greedy != "off":
            raise UserError(
                "search.arch_fixed: true learns no logits, so nothing but search.selection: "
                "perturbation (without search.greedy) can choose from them"
            )
        if self.temperature != "constant":
            raise UserError(
                f"search.arch_fixed: true with search.temperature: {self.temperature} would only "
                "sharpen the random first logits; use temperature: constant"
            )

    def _check_greedy(self, decisions: int) -> None:
        if self.exclude_none:
            raise UserError(
                "search.greedy ranks edges by how little `none` weighs, which "
                "search.exclude_none: true takes away; leave one of them out"
            )
        warmup, interval = self.greedy_times(decisions)
        last = warmup + interval * (decisions - 1)
        if last >= self.epochs:
            raise UserError(
                f"search.greedy decides the last of {decisions} edges after epoch {last} (from 0: "
                f"greedy_warmup {warmup} + {decisions - 1} x greedy_interval {interval}), but "
                f"there are only {self.epochs} epochs: raise search.epochs or lower one of the two"
            )
