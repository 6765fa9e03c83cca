"""DARTS."""

from __future__ import annotations

from naslib_edd.config.methods.method import Method, Values

_V1: Values = {
    "arch_weight_decay": 1e-3,
    "clip": "weights_and_logits",
    "clip_stale_logits": True,
}
_CLIP = {"clip": "one norm over both, the last logit step's gradient still in it"}

METHODS = (
    Method(
        name="darts_v1",
        title="DARTS, first order (Liu et al. 2019), as NAS-Bench-201's release runs it.",
        values=_V1,
        notes=_CLIP,
        source="Liu et al. 2019; NB201's release of it, D-X-Y/AutoDL-Projects",
        status="agrees with D-X-Y/AutoDL-Projects at f46486e (tests/golden/darts_v1.npz)",
    ),
    Method(
        name="darts_v2",
        title="DARTS-V2: the logits' gradient looks one virtual weight step ahead (second order).",
        values={**_V1, "bilevel": "second_order", "order": "logits_first"},
        notes=_CLIP,
        source="Liu et al. 2019; NB201's release of it, D-X-Y/AutoDL-Projects",
        status="agrees with D-X-Y/AutoDL-Projects at f46486e (tests/golden/darts_v2.npz)",
        differs="the weights are copied for each pass, not moved and moved back, so no rounding "
        "is left in them",
    ),
)
