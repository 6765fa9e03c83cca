"""Settings of the epochs and of the two steps: weights and logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting
from naslib_edd.errors import UserError


@dataclass(frozen=True, kw_only=True)
class StepSettings:
    """How weights and logits are trained."""

    # The loop
    epochs: int = setting(50, "epochs of the search", at_least=1)
    batch_size: int = setting(64, "images a step, of each half", at_least=2)
    bilevel: Literal["first_order", "second_order", "single_level", "gibbs"] = setting(
        "first_order", "how the logits' gradient is taken, and on which images"
    )
    order: Literal["weights_first", "logits_first"] = setting(
        "weights_first", "which of the two steps comes first"
    )

    # The weight step: SGD
    learning_rate: float = setting(0.025, "learning rate of the weights at the start", above=0)
    learning_rate_min: float = setting(0.001, "and at the end of the cosine", at_least=0)
    anneal: Literal["epoch", "step"] = setting(
        "epoch", "how often the cosine moves: each epoch (NB201's code), or each step"
    )
    anneal_epochs: int | None = setting(
        None, "epochs of the whole cosine, where a search stops before its end", at_least=1
    )
    momentum: float = setting(0.9, "momentum of the weights' SGD", at_least=0)
    nesterov: bool = setting(True, "Nesterov momentum")
    weight_decay: float = setting(5e-4, "weight decay of the weights", at_least=0)

    # The logit step
    arch_optimizer: Literal["adam", "proximal_adam", "sgd", "exponentiated_gradient"] = setting(
        "adam", "what moves the logits"
    )
    arch_learning_rate: float = setting(3e-4, "learning rate of the logits", above=0)
    arch_weight_decay: float = setting(
        0.0, "weight decay of the logits; exponentiated_gradient: of -entropy", at_least=0
    )
    arch_beta1: float = setting(0.5, "Adam's first decay rate", at_least=0, at_most=0.9999)
    arch_beta2: float = setting(0.999, "Adam's second decay rate", at_least=0, at_most=0.999999)
    arch_init: float = setting(1e-3, "standard deviation of the first logits", at_least=0)
    arch_warmup: int | float = setting(
        0,
        "epochs at the start in which the logits rest; below 1: that share of search.epochs",
        at_least=0,
    )

    # Gradient clipping
    clip: Literal["off", "weights", "logits", "weights_and_logits", "each"] = setting(
        "weights",
        "whose norm is clipped: the weights' (in their step), the logits' (in theirs), one norm "
        "over both (in the weight step), or each its own",
    )
    grad_clip: float = setting(5.0, "the norm to clip to", above=0)
    clip_stale_logits: bool = setting(
        False,
        "with clip: weights_and_logits, the logits' gradient of the last logit step is still in "
        "the norm (NB201's code clears it only before the logit step)",
    )

    @property
    def arch_warmup_epochs(self) -> int:
        """``arch_warmup`` in epochs, whichever way it is given."""
        share = self.arch_warmup < 1
        return round(self.arch_warmup * self.epochs if share else self.arch_warmup)

    def check_steps(self) -> None:
        """Raise UserError for step settings that do not go together."""
        if self.arch_warmup >= 1 and self.arch_warmup != int(self.arch_warmup):
            raise UserError(
                f"search.arch_warmup = {self.arch_warmup:g} must be a whole number of epochs, or "
                "below 1 for a share of search.epochs"
            )
        if self.learning_rate_min > self.learning_rate:
            raise UserError(
                f"search.learning_rate_min = {self.learning_rate_min:g} is above "
                f"search.learning_rate = {self.learning_rate:g}"
            )
        if self.nesterov and self.momentum == 0:
            raise UserError("search.nesterov needs a search.momentum above 0")
