"""DARTS with something against its collapse: DARTS-, β-DARTS, FairDARTS, R-DARTS."""

from __future__ import annotations

from naslib_edd.config.methods.method import Method, Values

#: DARTS' own recipe, first order, as the releases of this family keep it.
RECIPE: Values = {
    "order": "logits_first",
    "nesterov": False,
    "weight_decay": 3e-4,
    "arch_weight_decay": 1e-3,
}

_ROBUST = "Zela et al. 2020, Understanding and Robustifying DARTS; automl/RobustDARTS"
_ROBUST_DIFFERS = (
    "the release runs second order with cutout, on the DARTS space (S1-S5), and none of the latter "
    "on NB201: first order, no cutout, `none` takes part; the paper's R-DARTS picks the best of "
    "searches with several strengths, here one search has one"
)

METHODS = (
    Method(
        name="darts_minus",
        title="DARTS-: an auxiliary skip connection on every edge, whose weight goes from 1 to 0.",
        values={
            **RECIPE,
            "auxiliary_skip": 1.0,
            "auxiliary_skip_decay": "linear",
            "val_sampling": "shuffle",
        },
        notes={
            "auxiliary_skip": "its weight in the first epoch",
            "auxiliary_skip_decay": "down to 0 over the epochs",
        },
        source="Chu et al. 2021, DARTS-; Meituan-AutoML/DARTS-",
        status="agrees with Meituan-AutoML/DARTS- at adb81a8 (tests/golden/darts_minus.npz): "
        "schedules and mixed operation",
        differs="the release has no NB201: its recipe for S0-S4 is kept; `none` takes part and may "
        "be chosen (there it takes part, and the selection passes it over)",
    ),
    Method(
        name="beta_darts",
        title="beta-DARTS: the mean of logsumexp of the logits is added to their "
        "loss, with a weight from 0 to 50.",
        values={**RECIPE, "beta_decay": 50.0, "epochs": 100},
        notes={"beta_decay": "the weight that it rises to"},
        source="Ye et al. 2022, beta-DARTS; Sunshine-Ye/Beta-DARTS, its NB201 search",
        status="agrees with Sunshine-Ye/Beta-DARTS at f307704 (tests/golden/beta_darts.npz): loss, "
        "gradient and step of the logits",
        differs="the release has the weight 50*epoch/100 whatever the number of epochs, here it is "
        "50*epoch/epochs; its clipping norm of the weight step holds the gradient of beta, too",
    ),
    Method(
        name="fair_darts",
        title="FairDARTS: a gate an operation in the place of softmax, and a loss "
        "that pulls the gates to 0 or 1.",
        values={
            **RECIPE,
            "relaxation": "sigmoid",
            "zero_one": 10.0,
            "exclude_none": True,
            "batch_size": 128,
            "learning_rate": 0.005,
            "arch_learning_rate": 3e-3,
            "arch_beta1": 0.9,
            "arch_init": 0.0,
        },
        notes={
            "zero_one": "weight of that loss",
            "exclude_none": "the gate of `none` has no gradient",
        },
        source="Chu et al. 2020, Fair DARTS; xiaomi-automl/FairDARTS",
        status="agrees with xiaomi-automl/FairDARTS at 270cfc9 (tests/golden/fair_darts.npz): "
        "gates, losses, gradient and step of the logits",
        differs="the release has no NB201: its recipe for the DARTS space is kept, without `none` "
        "as there; NB201 wants one operation an edge, so the largest gate is chosen, and not what "
        "is above the threshold 0.85 on at most two edges a node",
    ),
    Method(
        name="r_darts_dp",
        title="R-DARTS (DP): edges are dropped, image by image, with a probability "
        "that rises over the epochs.",
        values={**RECIPE, "drop_path": 0.2},
        notes={"drop_path": "in the last epoch; the paper's grid: 0, 0.2, 0.4, 0.6"},
        source=f"{_ROBUST}: scheduled drop path",
        status="agrees with automl/RobustDARTS at 3dec3fe (tests/golden/r_darts.npz): schedule and "
        "scaling of the dropped edges",
        differs=f"0.2 is the release's default (its grid: 0, 0.2, 0.4, 0.6); {_ROBUST_DIFFERS}",
    ),
    Method(
        name="r_darts_l2",
        title="R-DARTS (L2): DARTS with 27 times its weight decay.",
        values={**RECIPE, "weight_decay": 81e-4},
        notes={"weight_decay": "the paper's grid: 3e-4 times 1, 3, 9, 27, 81"},
        source=f"{_ROBUST}: weight decay",
        status="verified against its equations (tests/config/methods/test_regularised.py): only "
        "the weight decay is other than DARTS'",
        differs="27 times DARTS' 3e-4, what a comment in Sunshine-Ye/Beta-DARTS gives for R-DARTS "
        f"(the release's own grid: 3e-4 times 1, 3, 9, 27, 81); {_ROBUST_DIFFERS}",
    ),
)
