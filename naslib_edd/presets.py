"""Methods by name: each a set of settings of ``search:`` that a config may still override.

Order of precedence, weakest first: the defaults of :mod:`naslib_edd.settings`, the method, the
variant (for EDD), the config file, the command line.
"""

from __future__ import annotations

from typing import Any

from naslib_edd.errors import UserError, nearest
from naslib_edd.temperature import LOGIT_SCALE

Values = dict[str, Any]

_EDD: Values = {"relaxation": "sn_softmax", "s": "unit", "temperature": "edd"}

#: GDAS: tau from 10 to 0.1.
_GDAS: Values = {
    "relaxation": "gumbel",
    "t0": 10.0,
    "t_end": 0.1,
    "arch_weight_decay": 1e-3,
}

#: Settings of each method, over the defaults (which are NB201's weights recipe).
METHODS: dict[str, Values] = {
    # NAS-Bench-201's release of first-order DARTS.
    "darts_v1": {
        "arch_weight_decay": 1e-3,
        "clip": "weights_and_logits",
        "clip_stale_logits": True,
    },
    "edd_darts": _EDD,
    # Table 1's row "clip": our reading, norm 5 over the logits' own gradient.
    "edd_darts_clip": {**_EDD, "clip": "each"},
    "pcd_darts": {
        "relaxation": "sn_softmax",
        "noise_at_one": False,
        "temperature": "pcd",
        "logit_scale": 3.99e-4,
    },
    "lpcd_darts": {
        "relaxation": "sn_softmax",
        "noise_at_one": False,
        "temperature": "lpcd",
        "pcd_warmup": 0,
    },
    "lts_darts": {**_EDD, "temperature": "lts"},
    "ets_darts": {**_EDD, "temperature": "ets"},
    "gdas": {**_GDAS, "temperature": "lts"},
    # Table 1: GDAS whose tau goes down in equal steps of exp(E(a)/tau).
    "ets_gdas": {**_GDAS, "temperature": "ets"},
    # Our reading: tau is ten times EDD's t, which is EDD from t0 = 10 with ten times E(a).
    "edd_gdas": {
        "relaxation": "sn_gumbel",
        "s": "unit",
        "temperature": "edd",
        "t0": 10.0,
        "logit_scale": 10 * LOGIT_SCALE,
    },
    "pc_darts": {"partial_channels": 4, "arch_weight_decay": 1e-3},
    "edd_pc_darts": {**_EDD, "partial_channels": 4},
}

#: The authors' 2021 code on NB201, where it differs from the paper.
RELEASE: Values = {
    "relaxation": "softmax",
    "noise_at_one": False,
    "edd_lambda": 0.04,
    "edd_lambda_late": 0.08,
    "edd_late_from": 40,
    "edd_first_update": 10,
    "edd_interval": 5,
    "edd_dense_from": 40,
    "edd_count": "updates",
    "edd_reduction": "sum",
    "edd_t0_exp": "one",
    "logit_scale": 3.99e-4,
    "learning_rate_min": 0.025,
    "batch_size": 256,
    "clip": "weights_and_logits",
    "clip_stale_logits": True,
}

VARIANTS = ("edd_darts", "edd_darts_clip")


def preset(optimizer: str, variant: str, dataset: str = "cifar10") -> Values:
    """The settings that a method and its variant give to ``search:`` on a data set.

    Raises:
        UserError: no such method, or the method has no such variant.
    """
    if optimizer not in METHODS:
        raise UserError(f"unknown optimizer '{optimizer}'{nearest(optimizer, METHODS)}")
    values = dict(METHODS[optimizer])
    if variant == "release":
        if optimizer not in VARIANTS:
            raise UserError(
                f"search.variant: release belongs to EDD ({', '.join(VARIANTS)}); "
                f"'{optimizer}' has no such variant, leave the key out"
            )
        # The method's own point (the clip) outlives the variant.
        own = {key: values[key] for key in values if key not in _EDD}
        values = {**values, **RELEASE, **own}
    if values.get("temperature") == "pcd" and dataset.lower() == "cifar100":
        values["pcd_warmup"] = 10  # the release's; 5 on CIFAR-10
    return values
