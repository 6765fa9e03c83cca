"""PC-DARTS: partial channels and edge weights."""

from __future__ import annotations

from naslib_edd.config.methods.edd import EDD, PAPER
from naslib_edd.config.methods.method import Method

RELEASE = "yuhuixu1993/PC-DARTS"
COMMIT = "b74702f8"
_HERE = (
    "NB201's cell and NB201's recipe of the weights (the release: DARTS' space, batch 256, rate .1 "
    "to 0, logits .0006); no norm after a pool, as NB201 has none; the discretised network of the "
    "record keeps the partial channels and the edge weights, for the shared weights know no others"
)

METHODS = (
    Method(
        name="pc_darts",
        title="PC-DARTS: one channel in 4 through the operations, edge weights, "
        "logits at rest in the first 30 %.",
        # The release rests the logits in the first 15 of its 50 epochs.
        values={"partial_channels": 4, "arch_weight_decay": 1e-3, "arch_warmup": 0.3},
        source=f"Xu et al. 2020, PC-DARTS; {RELEASE}",
        status=f"agrees with {RELEASE} at {COMMIT} (tests/golden/pc_darts.npz)",
        differs=f"{_HERE}; weight step first, as NB201's code (the release: logits first)",
    ),
    Method(
        name="edd_pc_darts",
        title="EDD-PC-DARTS: sparse-noisy softmax and entropy-driven decay over "
        "PC-DARTS' partial channels.",
        values={**EDD, "partial_channels": 4},
        source=f"{PAPER}, Tables 3 and 4; {RELEASE} for the network",
        status=f"agrees with {RELEASE} at {COMMIT} (tests/golden/pc_darts.npz) in the network; "
        "the rest is verified against the paper's equations (tests/test_temperature.py)",
        differs=f"{_HERE}; our reading: the softmax of the edge weights stays at t = 1, and the "
        "logits do not rest first, for t moves from the first epoch on",
    ),
)
