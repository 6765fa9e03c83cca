"""Settings of the regularisers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.errors import UserError
from naslib_edd.settings.fields import setting
from naslib_edd.settings.relaxation import SAMPLED, RelaxationSettings


@dataclass(frozen=True, kw_only=True)
class RegulariserSettings(RelaxationSettings):
    """What is added to the losses, or done to the network, against overfitting and collapse.

    Which relaxation it is decides what goes together: hence the base class.
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
    identity_penalty: float = setting(
        0.0, "price of skip_connect's mean share of softmax(A) (SurgeNAS)", at_least=0
    )

    def check_regularisers(self) -> None:
        """Raise UserError for settings of the regularisers that do not go together."""
        sampled = self.relaxation in SAMPLED
        if self.auxiliary_skip > 0 and sampled:
            raise UserError(
                f"search.auxiliary_skip does not go with search.relaxation: {self.relaxation}: a "
                "sample computes one operation an edge, and the skip connection would be a second "
                "one; use softmax, sn_softmax or sigmoid"
            )
        if self.zero_one > 0 and sampled:
            raise UserError(
                f"search.zero_one does not go with search.relaxation: {self.relaxation}: the "
                "weights of a sample are 0 or 1 already; use sigmoid, softmax or sn_softmax"
            )
        if self.zero_one > 0 and self.auxiliary_skip > 0:
            raise UserError(
                "search.zero_one does not go with search.auxiliary_skip: one pulls the weight of "
                "skip_connect to 0 or 1, the other adds to it; set one of them to 0"
            )
