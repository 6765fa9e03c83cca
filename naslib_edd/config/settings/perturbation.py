"""Settings of the perturbation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting
from naslib_edd.config.settings.relaxation import SAMPLED, RelaxationSettings
from naslib_edd.errors import UserError


@dataclass(frozen=True, kw_only=True)
class PerturbationSettings(RelaxationSettings):
    """What the weight step does to β before it trains the weights."""

    perturbation: Literal["off", "random", "adversarial"] = setting(
        "off", "SDARTS: the weights train under a β moved by uniform noise, or to the worst"
    )
    epsilon_first: float = setting(0.03, "SDARTS: how far an entry of β moves at first", above=0)
    epsilon_last: float = setting(
        0.3, "SDARTS: and at the end, linear in epochs", above=0, at_most=1
    )
    attack_steps: int = setting(7, "SDARTS: steps of the adversarial ascent", at_least=1)
    attack_start: Literal["random", "beta"] = setting(
        "random", "SDARTS: where the ascent begins: anywhere in the box, or at β"
    )
    attack_statistics: Literal["batch", "running"] = setting(
        "running", "SDARTS: batch norm in the ascent; the release: running"
    )

    def check_perturbation(self) -> None:
        """Raise UserError for settings of the perturbation that do not go together."""
        if self.perturbation == "off":
            return
        if self.epsilon_first > self.epsilon_last:
            raise UserError(
                f"search.epsilon_first = {self.epsilon_first:g} is above search.epsilon_last = "
                f"{self.epsilon_last:g}: the perturbation grows over the search"
            )
        if self.relaxation in ("sigmoid", "linear"):
            raise UserError(
                f"search.perturbation: {self.perturbation} moves an edge's weights on the simplex; "
                f"those of search.relaxation: {self.relaxation} do not sum to 1: use softmax or "
                "sn_softmax"
            )
        if self.relaxation in SAMPLED:
            raise UserError(
                f"search.perturbation: {self.perturbation} moves a mixture; search.relaxation: "
                f"{self.relaxation} trains one sampled operation an edge: use softmax or sn_softmax"
            )
