"""EDD-DARTS and its kin: temperature schedules over softmax and sparse-noisy softmax."""

from __future__ import annotations

from naslib_edd.config.methods.method import Method, Values

PAPER = (
    "Zhang & Ding 2023, Small Temperature is All You Need for Differentiable Architecture Search"
)
AUTHORS = "chaoji90/PCDEDD"

_SN: Values = {"relaxation": "sn_softmax", "s": "unit"}
EDD: Values = {**_SN, "temperature": "edd", "edd_lambda": 0.06}
_SCHEDULE: Values = {**_SN, "t0": 1.0, "t_end": 0.001}

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

_EQUATIONS = "verified against the paper's equations and worked example (tests/test_temperature.py)"
_RECIPE = "the paper states no recipe for the weights: DARTS-V1's, no weight decay on the logits"

METHODS = (
    Method(
        name="edd_darts",
        title="EDD-DARTS (Zhang & Ding 2023), the paper's headline: sparse-noisy "
        "softmax with s·t = 1.",
        values=EDD,
        source=f"{PAPER}, eq. 7-15; variant release: {AUTHORS}",
        status=_EQUATIONS,
        differs=_RECIPE,
    ),
    Method(
        name="edd_darts_clip",
        title="EDD-DARTS with the logits' own gradient clipped, too (Table 1's row "
        '"clip"; the norm is our reading).',
        values={**EDD, "clip": "each", "grad_clip": 5.0},
        source=f"{PAPER}, Table 1, row 'clip'",
        status=_EQUATIONS,
        differs="the clip's value is not given: norm 5 over the logits' own gradient",
    ),
    Method(
        name="pcd_darts",
        title="PCD-DARTS (Table 7): cycles of the temperature fixed in advance, "
        "equal steps of exp(E(a)/t).",
        values={
            **_SN,
            "noise_at_one": False,
            "temperature": "pcd",
            "pcd_strength": 0.11,
            "logit_scale": 3.99e-4,
        },
        source=f"{PAPER}, Table 7; the cycle of {AUTHORS}",
        status="verified against the release's cycle (tests/test_temperature.py)",
        differs=_RECIPE,
    ),
    Method(
        name="lpcd_darts",
        title="LPCD-DARTS (Fig. 4): PCD's cycles in equal steps of t.",
        values={
            **_SN,
            "noise_at_one": False,
            "temperature": "lpcd",
            "pcd_warmup": 0,
        },
        source=f"{PAPER}, Fig. 4; the cycle of {AUTHORS}",
        status="verified against the release's cycle (tests/test_temperature.py)",
        differs=_RECIPE,
    ),
    Method(
        name="lts_darts",
        title="Linear temperature schedule (Fig. 2B): t from 1 to 0.001 in equal steps.",
        values={**_SCHEDULE, "temperature": "lts"},
        source=f"{PAPER}, Fig. 2B",
        status=_EQUATIONS,
        differs="t_end is reached after the last epoch",
    ),
    Method(
        name="ets_darts",
        title="Exponential temperature schedule (eq. 10-12): equal steps of exp(E(a)/t).",
        values={**_SCHEDULE, "temperature": "ets"},
        source=f"{PAPER}, eq. 10-12",
        status=_EQUATIONS,
        differs="t_end is reached after the last epoch",
    ),
)
