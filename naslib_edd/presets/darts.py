"""DARTS."""

from __future__ import annotations

from naslib_edd.presets.method import Method

METHODS = (
    Method(
        name="darts_v1",
        values={
            "arch_weight_decay": 1e-3,
            "clip": "weights_and_logits",
            "clip_stale_logits": True,
        },
        source="Liu et al. 2019; NB201's release of it, D-X-Y/AutoDL-Projects",
        status="held to its equations (tests/bilevel/test_first_order.py)",
    ),
)
