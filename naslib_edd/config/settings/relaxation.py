"""Settings of the relaxation: logits to edge weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting
from naslib_edd.errors import UserError

#: Relaxations of which a network computes only the sampled operation of each edge.
ONE_PATH = ("gumbel", "sn_gumbel", "uniform", "ordered")
#: Relaxations whose edge weights are one-hot: one operation an edge is sampled at each step.
SAMPLED = (*ONE_PATH, "reinmax")


@dataclass(frozen=True, kw_only=True)
class RelaxationSettings:
    """How logits become edge weights."""

    variant: Literal["paper", "release"] = setting(
        "paper", "EDD as the 2023 paper describes it, or as the authors' 2021 code runs it"
    )
    relaxation: Literal[
        "softmax",
        "sn_softmax",
        "gumbel",
        "sn_gumbel",
        "simplex",
        "sigmoid",
        "dirichlet",
        "linear",
        "ordered",
        "concrete",
        "reinmax",
        "uniform",
    ] = setting(
        "softmax",
        "logits to edge weights; uniform: a path drawn at each step, the logits rest (rs_ws)",
    )
    s: float | Literal["unit"] = setting("unit", "sn-softmax: s above 1, or 'unit' for s*t = 1")
    noise_at_one: bool = setting(True, "sn-softmax: keep the noise term while t = 1")

    def check_relaxation(self) -> None:
        """Raise UserError for relaxation settings that do not go together."""
        if self.relaxation in ("sn_softmax", "sn_gumbel") and self.s != "unit" and self.s <= 1:
            raise UserError(
                f"search.s = {self.s:g} must be above 1 (the paper: 100), or 'unit' for s*t = 1"
            )
