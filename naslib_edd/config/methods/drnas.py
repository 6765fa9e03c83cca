"""DrNAS: weights drawn from a Dirichlet on each edge."""

from __future__ import annotations

from naslib_edd.config.methods.edd import PAPER
from naslib_edd.config.methods.method import Method, Values

_SOURCE = "Chen et al. 2021, DrNAS: Dirichlet Neural Architecture Search; xiangning-chen/DrNAS"
_COMMIT = "f2caa4d"

#: The release's recipe on NB201.
DRNAS: Values = {
    "relaxation": "dirichlet",
    "dirichlet_anchor": 1e-3,
    "order": "logits_first",
    "epochs": 100,
    "nesterov": False,
    "weight_decay": 3e-4,
    "clip": "weights_and_logits",
    "split": "halves",
}

_DIFFERS = (
    "the anchor is the KL divergence (the release's --reg_type kl, --reg_scale 1e-3); the script's "
    "default is an L2 one: search.dirichlet_anchor=0 search.arch_weight_decay=1e-3"
)

METHODS = (
    Method(
        name="drnas",
        title="DrNAS: weights drawn from a Dirichlet on each edge, anchored to the uniform one.",
        values=DRNAS,
        source=_SOURCE,
        status=f"agrees with xiangning-chen/DrNAS at {_COMMIT} (tests/golden/drnas.npz)",
        differs=_DIFFERS,
    ),
    Method(
        name="drnas_progressive",
        title="DrNAS in two parts: from half of the epochs on, each edge keeps its "
        "strongest three operations.",
        values={
            **DRNAS,
            "progressive_keep": 3,
            "partial_channels": 4,
            "edge_weights": False,
            "progressive_partial": 2,
        },
        source=_SOURCE,
        status=f"agrees with xiangning-chen/DrNAS at {_COMMIT} (tests/golden/drnas.npz)",
        differs=f"{_DIFFERS}; pruned operations leave the Dirichlet and its anchor, where the "
        "release draws all and renormalises (the same distribution, another estimate of its "
        "gradient); the discretised network of the record keeps the partial channels",
        hosts=("builtin",),
    ),
    Method(
        name="edd_drnas",
        title="EDD x DrNAS: the concentration is elu(A/t) + 1, t driven by the "
        "entropy of its mean.",
        values={**DRNAS, "temperature": "edd"},
        source=f"this project (EDD x DrNAS); {PAPER}",
        status="verified against its equations (tests/relaxation/test_dirichlet.py)",
        differs="our reading: the concentration is elu(A/t) + 1, the entropy that of the "
        "Dirichlet's mean, the anchor that of A; there is no noise term, the sample is the noise",
    ),
)
