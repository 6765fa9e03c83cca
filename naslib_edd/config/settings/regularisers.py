"""Settings of the regularisers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting
from naslib_edd.config.settings.network import NetworkSettings
from naslib_edd.config.settings.relaxation import SAMPLED, RelaxationSettings
from naslib_edd.errors import UserError


@dataclass(frozen=True, kw_only=True)
class RegulariserSettings(RelaxationSettings, NetworkSettings):
    """What is added to the losses, or done to the network, against overfitting and collapse.

    Relaxation and network decide what goes together: hence the base classes.
    """

    auxiliary_skip: float = setting(
        0.0,
        "DARTS-: weight of the auxiliary skip connection of each edge in the first epoch; 0: none",
        at_least=0,
    )
    auxiliary_skip_decay: Literal["linear", "cosine", "slow_cosine", "constant"] = setting(
        "linear", "how that weight goes to 0 over the epochs"
    )
    beta_decay: float = setting(
        0.0,
        "beta-DARTS: the weight of logsumexp of the logits rises from 0 towards this; 0: none",
        at_least=0,
    )
    zero_one: float = setting(
        0.0, "FairDARTS: weight of the loss that pulls each weight to 0 or 1; 0: none", at_least=0
    )
    drop_path: float = setting(
        0.0,
        "R-DARTS: the probability that an edge is dropped rises to this in the last epoch; 0: none",
        at_least=0,
        at_most=0.99,
    )

    dirichlet_anchor: float = setting(
        0.0, "weight of KL(Dir(elu(A) + 1) || Dir(1)), summed over edges (DrNAS: 1e-3)", at_least=0
    )
    sparsity_l1: float = setting(
        0.0, "sparse group lasso over linear weights: weight of single operations", at_least=0
    )
    sparsity_group: float = setting(0.0, "and of whole edges", at_least=0)
    entropy_penalty: float = setting(
        0.0,
        "DARTS-AER: weight of the entropy of softmax(A), bits; from minus this to this; 0: none",
        at_least=0,
    )
    identity_penalty: float = setting(
        0.0, "price of skip_connect's mean share of softmax(A) (SurgeNAS)", at_least=0
    )

    def check_regularisers(self) -> None:
        """Raise UserError for settings of the regularisers that do not go together."""
        self._check_relaxation_of_them()
        if self.auxiliary_skip > 0:
            self._refuse(
                "zero_one",
                "search.auxiliary_skip: one pulls the weight of skip_connect to 0 or 1, the other "
                "adds to it; set one of them to 0",
            )
        if self.partial_channels > 1:
            self._refuse(
                "drop_path",
                f"search.partial_channels = {self.partial_channels}: an edge passes most channels "
                "on as they are, and they would be dropped, too; use partial_channels=1",
            )

    def _check_relaxation_of_them(self) -> None:
        kind = f"search.relaxation: {self.relaxation}"
        if self.relaxation in SAMPLED:
            self._refuse(
                "auxiliary_skip",
                f"{kind}: a sample computes one operation an edge, and the skip connection would "
                "be a second one; use softmax, sn_softmax or sigmoid",
            )
            self._refuse(
                "zero_one",
                f"{kind}: the weights of a sample are 0 or 1 already; use sigmoid, softmax or "
                "sn_softmax",
            )
            self._refuse(
                "drop_path",
                f"{kind}: a sample leaves out all but one operation of an edge, there is no mixed "
                "operation to drop; use softmax, sn_softmax or sigmoid",
            )
        if self.relaxation == "uniform":
            for key in ("beta_decay", "entropy_penalty"):
                self._refuse(key, f"{kind}: the logits rest there; use softmax")
        if self.relaxation == "linear":
            self._refuse(
                "zero_one",
                f"{kind}: its weights have no bounds, and the further from 1/2 the lower the loss; "
                "use sigmoid, softmax or sn_softmax",
            )
            self._refuse(
                "entropy_penalty",
                f"{kind}: its weights are no distribution; use softmax or sn_softmax",
            )
            self._refuse(
                "beta_decay",
                f"{kind}: it holds back what softmax makes of large logits, and there is no "
                "softmax; use softmax or sn_softmax",
            )
        if self.relaxation == "simplex":
            self._refuse(
                "beta_decay",
                f"{kind}: the logits are log-probabilities there, whose logsumexp is 0 whatever "
                "they are; use softmax",
            )

    def _refuse(self, key: str, reason: str) -> None:
        if getattr(self, key) > 0:
            raise UserError(f"search.{key} does not go with {reason}")
