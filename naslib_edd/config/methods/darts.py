"""DARTS."""

from __future__ import annotations

from naslib_edd.config.methods.method import Method, Values

_V1: Values = {
    "arch_weight_decay": 1e-3,
    "clip": "weights_and_logits",
    "clip_stale_logits": True,
}

METHODS = (
    Method(
        name="darts_v1",
        values=_V1,
        source="Liu et al. 2019; NB201's release of it, D-X-Y/AutoDL-Projects",
        status="agrees with D-X-Y/AutoDL-Projects at f46486e (tests/golden/darts_v1.npz)",
    ),
    Method(
        name="darts_v2",
        values={**_V1, "bilevel": "second_order", "order": "logits_first"},
        source="Liu et al. 2019; NB201's release of it, D-X-Y/AutoDL-Projects",
        status="agrees with D-X-Y/AutoDL-Projects at f46486e (tests/golden/darts_v2.npz)",
        differs="the weights are copied for each pass, not moved and moved back, so no rounding "
        "is left in them",
    ),
)
