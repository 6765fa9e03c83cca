"""GDAS: one sampled operation an edge."""

from __future__ import annotations

from naslib_edd.presets.edd import PAPER
from naslib_edd.presets.method import Method, Values
from naslib_edd.temperature import LOGIT_SCALE

#: tau from 10 to 0.1.
_GDAS: Values = {
    "relaxation": "gumbel",
    "t0": 10.0,
    "t_end": 0.1,
    "arch_weight_decay": 1e-3,
}

METHODS = (
    Method(
        name="gdas",
        values={**_GDAS, "temperature": "lts"},
        source="Dong & Yang 2019; NB201's release of it, D-X-Y/AutoDL-Projects",
        status="held to its equations (tests/relaxation/test_gumbel.py)",
        hosts=("naslib",),
    ),
    Method(
        name="ets_gdas",
        values={**_GDAS, "temperature": "ets"},
        source=f"{PAPER}, Table 1",
        status="held to its equations (tests/relaxation/test_gumbel.py)",
        differs="our reading: tau goes down in equal steps of exp(E(a)/tau), E(a) = 3.989e-4",
        hosts=("naslib",),
    ),
    Method(
        name="edd_gdas",
        values={
            "relaxation": "sn_gumbel",
            "s": "unit",
            "temperature": "edd",
            "t0": 10.0,
            "logit_scale": 10 * LOGIT_SCALE,
        },
        source="this project (EDD x GDAS)",
        status="held to its equations (tests/relaxation/test_gumbel.py)",
        differs="our reading: tau is ten times EDD's t, which is EDD from t0 = 10 with ten times "
        "E(a)",
        hosts=("naslib",),
    ),
)
