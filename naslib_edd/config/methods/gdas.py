"""GDAS: one sampled operation an edge."""

from __future__ import annotations

from naslib_edd.config.methods.edd import PAPER
from naslib_edd.config.methods.method import Method, Values
from naslib_edd.temperature import LOGIT_SCALE

#: tau from 10 to 0.1, which is the last epoch's; the release clips one norm over weights and
#: logits.
_GDAS: Values = {
    "relaxation": "gumbel",
    "t0": 10.0,
    "t_end": 0.1,
    "t_end_in": "last_epoch",
    "arch_weight_decay": 1e-3,
    "clip": "weights_and_logits",
    "clip_stale_logits": True,
}

_UNSAMPLED = (
    "weights that were not sampled have a zero gradient from the first step on (the release's have "
    "none until they are sampled first)"
)

METHODS = (
    Method(
        name="gdas",
        title="GDAS: one operation an edge is sampled (Dong & Yang 2019), on CIFAR-10.",
        values={**_GDAS, "temperature": "lts"},
        source="Dong & Yang 2019; NB201's release of it, D-X-Y/AutoDL-Projects",
        status="agrees with D-X-Y/AutoDL-Projects at f46486e (tests/golden/gdas.npz)",
        differs=f"50 epochs where the release's script has 250 (search.epochs); {_UNSAMPLED}",
    ),
    Method(
        name="ets_gdas",
        title="GDAS with the exponential temperature schedule (the EDD paper's "
        "ETS-GDAS), on CIFAR-10.",
        values={**_GDAS, "temperature": "ets"},
        source=f"{PAPER}, Table 1",
        status="verified against its equations (tests/relaxation/test_gumbel.py)",
        differs="our reading: tau goes down in equal steps of exp(E(a)/tau), E(a) = 3.989e-4; all "
        "else as gdas",
    ),
    Method(
        name="edd_gdas",
        title="GDAS with EDD's temperature and sparse-noisy gradients (this "
        "project's), on CIFAR-10.",
        values={
            "relaxation": "sn_gumbel",
            "s": "unit",
            "temperature": "edd",
            "t0": 10.0,
            "logit_scale": 10 * LOGIT_SCALE,
        },
        source="this project (EDD x GDAS)",
        status="verified against its equations (tests/relaxation/test_gumbel.py)",
        differs="our reading: tau is ten times EDD's t, which is EDD from t0 = 10 with ten times "
        "E(a)",
    ),
)
