"""Settings of the regularisers."""

from __future__ import annotations

from dataclasses import dataclass

from naslib_edd.settings.fields import setting


@dataclass(frozen=True, kw_only=True)
class RegulariserSettings:
    """What is added to the losses, or done to the network, against overfitting and collapse."""

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
