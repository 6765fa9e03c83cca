"""Methods without public code, built from what their papers describe."""

from __future__ import annotations

from naslib_edd.config.methods.method import Method

_STATUS = "from the paper's description, unverified"

METHODS = (
    Method(
        name="sparse_nas",
        title="SparseNAS, from its paper's description: linear weights under a sparse group lasso.",
        values={
            "relaxation": "linear",
            "arch_optimizer": "proximal_adam",
            "sparsity_l1": 0.05,
            "sparsity_group": 0.01,
            "order": "logits_first",
            "weight_decay": 3e-4,
        },
        source="Wu et al. 2021, Neural Architecture Search as Sparse Supernet",
        status=_STATUS,
        differs="assumed: linear weights that start at 1/5, both strengths, one group an edge, "
        "Adam's steps with the learning rate as the threshold's rate, DARTS' recipe; the paper "
        "keeps mixed paths, NB201 takes one operation an edge: the largest weight's",
    ),
    Method(
        name="surge_nas",
        title="SurgeNAS, from its paper's description: ordered sampling and a price "
        "on the identity.",
        values={
            "relaxation": "ordered",
            "identity_penalty": 0.01,
            "arch_weight_decay": 1e-3,
            "bilevel": "single_level",
            "train_images": "all",
        },
        source="Luo et al. 2022, SurgeNAS: A Comprehensive Surgery on Hardware-Aware "
        "Differentiable Neural Architecture Search",
        status=_STATUS,
        differs="assumed: an order is Gumbel noise over log softmax, its gradient GDAS' "
        "straight-through one at t = 1, the identity's price its share of softmax(A) times .01; "
        "one level in turns, a batch for the weights and one for the logits; no latency term",
    ),
)
