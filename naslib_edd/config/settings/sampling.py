"""Settings of random and local search: with shared weights, and by the table alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting
from naslib_edd.config.settings.network import NetworkSettings
from naslib_edd.config.settings.relaxation import SAMPLED, RelaxationSettings
from naslib_edd.config.settings.temperature import TemperatureSettings
from naslib_edd.errors import UserError


@dataclass(frozen=True, kw_only=True)
class SamplingSettings(TemperatureSettings, RelaxationSettings, NetworkSettings):
    """Architectures that are drawn, and what is asked about them."""

    strategy: Literal[
        "one_shot", "random_search", "local_search", "proxy_search", "zero_cost_pt"
    ] = setting(
        "one_shot",
        "what searches: a supernet, look-ups in the table alone (baselines, for "
        "which the table does steer the search), or a score of untrained networks: random ones "
        "(proxy_search), or a supernet decided edge by edge (zero_cost_pt)",
    )
    proxy: Literal["nwot", "synflow", "jacov"] = setting(
        "nwot", "proxy_search, zero_cost_pt: the score of an untrained network"
    )
    proxy_rounds: int = setting(
        100, "zero_cost_pt: batches that each candidate is scored on at its end", at_least=1
    )
    queries: int | None = setting(
        None,
        "random_search, local_search: look-ups in all; proxy_search: architectures scored; by "
        "default search.epochs of them",
        at_least=1,
    )
    best_of: int = setting(
        0,
        "the final architecture is the best of so many random ones, with the shared weights on "
        "validation batches; 0: that of the largest logits",
        at_least=0,
    )
    best_of_before: int = setting(10, "the same after each epoch before the last", at_least=1)
    best_of_batches: int = setting(
        1, "batches (of eval_batch_size) that each of them is measured on", at_least=1
    )

    def check_sampling(self) -> None:
        """Raise UserError for settings of drawn architectures that do not go together."""
        if self.relaxation in SAMPLED and self.partial_channels > 1:
            raise UserError(
                f"search.partial_channels = {self.partial_channels} does not go with "
                f"search.relaxation = {self.relaxation}: a sampled edge has one operation and no "
                "weight of its own; use partial_channels=1"
            )
        if self.relaxation == "uniform" and not self.best_of:
            raise UserError(
                "search.relaxation: uniform learns no logits to choose by; set search.best_of, the "
                "number of random architectures to choose from (100 in NB201's code)"
            )
        if self.relaxation == "uniform" and self.temperature != "constant":
            raise UserError(
                f"search.temperature: {self.temperature} has nothing to act on with "
                "search.relaxation: uniform; use temperature=constant"
            )
        floor = self.strategy != "one_shot"
        if self.queries is not None and self.strategy in ("one_shot", "zero_cost_pt"):
            raise UserError(
                "search.queries belongs to search.strategy random_search, local_search and "
                "proxy_search; zero_cost_pt has a candidate an epoch, and a "
                "one-shot search looks each epoch's architecture up for the record only"
            )
        if floor and self.best_of:
            raise UserError(
                f"search.best_of measures with shared weights, and search.strategy: "
                f"{self.strategy} trains none; use best_of=0"
            )
