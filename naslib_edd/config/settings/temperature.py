"""Settings of the temperature controller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting
from naslib_edd.errors import UserError


@dataclass(frozen=True, kw_only=True)
class TemperatureSettings:
    """How t moves from epoch to epoch."""

    temperature: Literal["constant", "lts", "ets", "pcd", "lpcd", "edd"] = setting(
        "constant", "the controller of t"
    )
    t0: float = setting(1.0, "the first temperature", above=0)
    t_end: float = setting(1e-3, "where lts and ets end", above=0)
    t_end_in: Literal["after", "last_epoch"] = setting(
        "after", "lts and ets: t_end comes after the last epoch, or is the last epoch's t (GDAS)"
    )
    logit_scale: float = setting(3.989422804014327e-4, "E(a), the scale of the logits", above=0)
    pcd_strength: float = setting(0.11, "pcd: the step d in exp(E(a)/t)", above=0)
    pcd_warmup: int = setting(5, "pcd and lpcd: epochs at t = 1 first (cifar100: 10)", at_least=0)
    edd_lambda: float = setting(0.06, "EDD's one hyperparameter", above=0)
    edd_rho: float = setting(0.5, "momentum of the moving average of d", at_least=0, at_most=0.9999)
    edd_first_update: int = setting(1, "t changes before this epoch (0-based) first", at_least=1)
    edd_interval: int = setting(1, "then every so many epochs", at_least=1)
    edd_dense_from: int | None = setting(None, "and before every epoch from here on", at_least=1)
    edd_count: Literal["epochs", "updates"] = setting("epochs", "what k counts")
    edd_lambda_late: float | None = setting(None, "another lambda, from edd_late_from on", above=0)
    edd_late_from: int | None = setting(None, "epoch (0-based) of the other lambda", at_least=1)
    edd_reduction: Literal["mean", "sum"] = setting("mean", "entropy over the edges")
    edd_entropy_of: Literal["current", "untempered"] = setting(
        "current", "entropy of beta at the current t, or of softmax(A) at t = 1"
    )
    edd_t0_exp: Literal["exact", "one"] = setting("exact", "exp(E(a)/t0), or 1 as the release has")

    def check_temperature(self) -> None:
        """Raise UserError for temperature settings that do not go together."""
        if self.temperature in ("lts", "ets") and self.t_end > self.t0:
            raise UserError(f"search.t_end = {self.t_end:g} is above search.t0 = {self.t0:g}")
        if (self.edd_lambda_late is None) != (self.edd_late_from is None):
            raise UserError("search.edd_lambda_late and search.edd_late_from go together")
