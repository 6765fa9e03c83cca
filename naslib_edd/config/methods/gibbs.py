"""GibbsNAS: weights and architecture sampled in turn."""

from __future__ import annotations

from naslib_edd.config.methods.method import Method

METHODS = (
    Method(
        name="gibbs_nas",
        title="GibbsNAS, our reading: Langevin samples of weights and logits in "
        "turn, on all training images.",
        values={
            "bilevel": "gibbs",
            "train_images": "all",
            "arch_optimizer": "sgd",
            "arch_learning_rate": 0.5,
            "arch_weight_decay": 1e-3,
            "nesterov": False,
        },
        notes={"arch_weight_decay": "the prior of the logits"},
        source="Xue et al. 2021, Rethinking Bi-Level Optimization in Neural Architecture Search: A "
        "Gibbs Sampling Perspective (AAAI); no public code",
        status="from the paper's description, unverified",
        differs="only the idea is the paper's (sample architectures and weights in turn from their "
        "posterior). Assumed: Langevin steps for both (SGHMC noise for the weights, whose SGD has "
        "momentum), one loss over all training images, weight decay as the prior, T = 2e-5, the "
        "a rate of 0.5 for the logits, the largest logits of the last sample as the cell",
    ),
)
