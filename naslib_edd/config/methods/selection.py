"""Methods that choose another way, or at another time: DARTS-PT, SGAS, DARTS-ES."""

from __future__ import annotations

from naslib_edd.config.methods.method import Method, Values
from naslib_edd.config.methods.perturbed import BALL, RECIPE

_PT_SOURCE = (
    "Wang et al. 2021, Rethinking Architecture Selection in Differentiable NAS; ruocwang/darts-pt"
)
_PT_STATUS = "agrees with ruocwang/darts-pt at 4ec3149 (tests/golden/darts_pt.npz)"
_PT_DIFFERS = (
    "the validation half is measured as it is, in order and in batches of eval_batch_size (the "
    "release augments, shuffles, batches of 64, and moves the running statistics meanwhile); the "
    "logits of a decided edge rest (there weight decay still moves them)"
)
_SGAS_SOURCE = "Li et al. 2020, SGAS: Sequential Greedy Architecture Search; lightaime/sgas"
_SGAS_DIFFERS = (
    "the release has no NAS-Bench-201: its criterion and its times of the DARTS space (the first "
    "decision after epoch 9, one every 5 epochs, 6 epochs more: 40 for 6 edges), stretched to the "
    "epochs of the run; the batch size stays; decided edges count in the scaling with the beta "
    "that they were decided by"
)

#: Of an edge, the operation whose removal costs most accuracy.
_BY_REMOVAL: Values = {
    "selection": "perturbation",
    "pt_criterion": "accuracy",
    "pt_statistics": "batch",
}
#: PT: the edges in any order.
_PT: Values = {**_BY_REMOVAL, "pt_order": "random"}
_ES: Values = {"es_window": 5, "es_delta": 4, "es_factor": 1.3}
_SGAS: Values = {**RECIPE, "epochs": 40, "greedy": "cri1"}

METHODS = (
    Method(
        name="darts_pt",
        title="DARTS-PT: DARTS, then edge by edge the operation whose removal costs most accuracy.",
        values={**RECIPE, **_PT},
        source=_PT_SOURCE,
        status=_PT_STATUS,
        differs=_PT_DIFFERS,
    ),
    Method(
        name="darts_pt_fixed",
        title="DARTS-PT without architecture parameters: the logits rest near 0 throughout.",
        values={**RECIPE, **_PT, "arch_fixed": True},
        source=f"{_PT_SOURCE} (its blank-pt)",
        status=_PT_STATUS,
        differs=f"{_PT_DIFFERS}; beta is uniform up to the first logits' spread, as there",
    ),
    Method(
        name="sdarts_rs_pt",
        title="SmoothDARTS (random), then perturbation-based selection.",
        values={**RECIPE, **BALL, **_PT},
        source=f"{_PT_SOURCE}; xiangning-chen/SmoothDARTS",
        status="its two parts agree with their releases (tests/golden/sdarts.npz, darts_pt.npz)",
        differs=f"{_PT_DIFFERS}; the release has it on the DARTS space only, from where epsilon "
        "stays at its last value between two edges; its learning rate there is a cosine, here "
        "NAS-Bench-201's constant",
    ),
    Method(
        name="sgas",
        title="SGAS, criterion 1: during the search, every few epochs, the surest edge is decided.",
        values=_SGAS,
        notes={"greedy": "cri2: stability counts, too"},
        source=_SGAS_SOURCE,
        status="agrees with lightaime/sgas at 9cfff65 (tests/golden/sgas.npz)",
        differs=_SGAS_DIFFERS,
    ),
    Method(
        name="sgas_pt",
        title="SGAS whose edges get the operation whose removal costs most accuracy.",
        values={**_SGAS, **_BY_REMOVAL},
        source=f"{_SGAS_SOURCE}; its row SGAS+PT in Wang et al. 2021",
        status="from the paper's description, unverified",
        differs=f"assumed: the edge is SGAS' (criterion 1), its operation is PT's among all but "
        f"`none`; no epochs are added; {_SGAS_DIFFERS}",
    ),
    Method(
        name="darts_es",
        title="DARTS-ES: stops where the logits' Hessian grows, and goes back some epochs.",
        values={**RECIPE, "epochs": 50, "early_stop": "eigenvalue", **_ES},
        source="Zela et al. 2020, Understanding and Robustifying Differentiable Architecture "
        "Search; automl/RobustDARTS",
        status="agrees with automl/RobustDARTS at 3dec3fe (tests/golden/darts_es.npz)",
        differs="the release has no NAS-Bench-201 and runs second order, cutout and drop path; "
        "here first order; the Hessian is of A/t (the same at t = 1)",
    ),
)
