"""SmoothDARTS: the weights train under a perturbed β."""

from __future__ import annotations

from naslib_edd.config.methods.method import Method, Values

#: The recipe that SmoothDARTS and DARTS-PT share on NB201.
RECIPE: Values = {
    "epochs": 100,
    "order": "logits_first",
    "nesterov": False,
    "weight_decay": 3e-4,
    "arch_weight_decay": 1e-3,
    "split": "halves",
}

#: A random perturbation of β, uniform in a ball that grows over the epochs.
BALL: Values = {"perturbation": "random", "epsilon_first": 0.03, "epsilon_last": 0.3}
_ATTACK: Values = {
    "attack_steps": 7,
    "attack_start": "random",
    "attack_statistics": "running",
}

_SOURCE = (
    "Chen & Hsieh 2020, Stabilizing Differentiable Architecture Search via Perturbation-based "
    "Regularization; xiangning-chen/SmoothDARTS"
)
_STATUS = "agrees with xiangning-chen/SmoothDARTS at d3dbfed (tests/golden/sdarts.npz)"
_DIFFERS = "the release's clipping norm also holds the gradient of the training loss by beta"

METHODS = (
    Method(
        name="sdarts_rs",
        title="SmoothDARTS, random: the weights train under a beta moved by uniform noise.",
        values={**RECIPE, **BALL},
        source=_SOURCE,
        status=_STATUS,
        differs=_DIFFERS,
    ),
    Method(
        name="sdarts_adv",
        title="SmoothDARTS, adversarial: the weights train under the worst beta near by.",
        values={**RECIPE, **BALL, "perturbation": "adversarial", **_ATTACK},
        source=_SOURCE,
        status=_STATUS,
        differs=_DIFFERS,
    ),
)
