"""PC-DARTS: partial channels and edge weights."""

from __future__ import annotations

from naslib_edd.presets.edd import EDD, PAPER
from naslib_edd.presets.method import Method

METHODS = (
    Method(
        name="pc_darts",
        values={"partial_channels": 4, "arch_weight_decay": 1e-3},
        source="Xu et al. 2020; yuhuixu1993/PC-DARTS",
        status="held to its equations (tests/relaxation/test_edge_weights.py)",
        hosts=("naslib",),
    ),
    Method(
        name="edd_pc_darts",
        values={**EDD, "partial_channels": 4},
        source=f"{PAPER}, Tables 3 and 4",
        status="held to its equations (tests/relaxation/test_edge_weights.py)",
        differs="our reading: the softmax of the edge weights stays at t = 1",
        hosts=("naslib",),
    ),
)
