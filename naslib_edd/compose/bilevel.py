"""The steps of a config, with the optimizers of weights and logits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from naslib_edd.bilevel import (
    ExponentiatedGradient,
    FirstOrder,
    Gibbs,
    Meters,
    SecondOrder,
    SingleLevel,
)
from naslib_edd.perturbation import Perturbation
from naslib_edd.regularisers import Regulariser
from naslib_edd.relaxation import EdgeWeights, Masked, Relaxation, SimplexEdgeWeights
from naslib_edd.settings import SearchSettings


def make_weight_optimizer(
    search: SearchSettings, parameters: Iterable[nn.Parameter]
) -> torch.optim.Optimizer:
    """SGD of the weights."""
    return torch.optim.SGD(
        parameters,
        lr=search.learning_rate,
        momentum=search.momentum,
        nesterov=search.nesterov,
        weight_decay=search.weight_decay,
    )


def make_logit_optimizer(
    search: SearchSettings, logits: Tensor, relaxation: Relaxation
) -> torch.optim.Optimizer:
    """What moves the logits, of which the relaxation says which take part."""
    if search.arch_optimizer == "sgd":
        return torch.optim.SGD(
            [logits], lr=search.arch_learning_rate, weight_decay=search.arch_weight_decay
        )
    if search.arch_optimizer == "exponentiated_gradient":
        edges = relaxation if isinstance(relaxation, SimplexEdgeWeights) else None
        operations = relaxation.operations if isinstance(relaxation, EdgeWeights) else relaxation
        return ExponentiatedGradient(
            logits,
            lr=search.arch_learning_rate,
            entropy=search.arch_weight_decay,
            allowed=operations.allowed if isinstance(operations, Masked) else None,
            same_node=None if edges is None else edges.same_node(logits),
            edge_lr=search.edge_learning_rate,
        )
    return torch.optim.Adam(
        [logits],
        lr=search.arch_learning_rate,
        betas=(search.arch_beta1, search.arch_beta2),
        weight_decay=search.arch_weight_decay,
    )


def make_bilevel(
    search: SearchSettings,
    *,
    supernet: nn.Module,
    logits: Tensor,
    relaxation: Relaxation,
    regularisers: Sequence[Regulariser] = (),
    perturbation: Perturbation | None = None,
    meters: Meters | None = None,
    generator: torch.Generator | None = None,
) -> FirstOrder:
    """The steps of a config; ``generator`` is what a kind that samples draws from."""
    options: dict[str, Any] = {
        "supernet": supernet,
        "logits": logits,
        "relaxation": relaxation,
        "weight_optimizer": make_weight_optimizer(search, supernet.parameters()),
        "logit_optimizer": make_logit_optimizer(search, logits, relaxation),
        "order": search.order,
        "clip": search.clip,
        "grad_clip": search.grad_clip,
        "stale_logits": search.clip_stale_logits,
        "regularisers": regularisers,
        "perturbation": perturbation,
        "sampled": relaxation.sampled,
        "meters": meters,
    }
    if search.bilevel == "second_order":
        return SecondOrder(hessian=search.hessian, radius=search.hessian_radius, **options)
    if search.bilevel == "single_level":
        return SingleLevel(same_batch=search.logit_batch == "same", **options)
    if search.bilevel == "gibbs":
        return Gibbs(
            temperature=search.gibbs_temperature,
            generator=generator or torch.Generator(),
            **options,
        )
    return FirstOrder(**options)
