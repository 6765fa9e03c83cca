"""The steps of a config, with the optimizers of weights and logits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
from naslib_edd.bilevel.aligned import Aligned
from naslib_edd.bilevel.operation_stop import OperationStop
from naslib_edd.bilevel.optimizers import GraphSGD
from naslib_edd.bilevel.perturbed import Perturbation
from naslib_edd.bilevel.proximal import ProximalAdam
from naslib_edd.bilevel.regularisers import Regulariser
from naslib_edd.config.settings import SearchSettings
from naslib_edd.engine.build.own import make_own_step
from naslib_edd.errors import UserError
from naslib_edd.relaxation import Masked, Relaxation, SimplexEdgeWeights
from naslib_edd.supernet.base import Supernet


def make_weight_optimizer(
    search: SearchSettings, parameters: Iterable[nn.Parameter], *, graphed: bool = False
) -> torch.optim.Optimizer:
    """SGD of the weights; ``graphed``: one that a CUDA graph can hold."""
    parameters = list(parameters)
    options: dict[str, Any] = {
        "momentum": search.momentum,
        "nesterov": search.nesterov,
        "weight_decay": search.weight_decay,
    }
    if graphed:
        rate = torch.full((), search.learning_rate, device=parameters[0].device)
        return GraphSGD(parameters, lr=rate, **options)
    return torch.optim.SGD(parameters, lr=search.learning_rate, **options)


def make_logit_optimizer(
    search: SearchSettings, logits: Tensor, relaxation: Relaxation, *, graphed: bool = False
) -> torch.optim.Optimizer:
    """What moves the logits, of which the relaxation says which take part.

    ``graphed``: one that a CUDA graph can hold. Its learning rate never moves, so it is a number.
    """
    if search.arch_optimizer == "sgd":
        return torch.optim.SGD(
            [logits], lr=search.arch_learning_rate, weight_decay=search.arch_weight_decay
        )
    if search.arch_optimizer == "exponentiated_gradient":
        parts = list(_nested(relaxation))
        nodes = [part.same_node for part in parts if isinstance(part, SimplexEdgeWeights)]
        masks = [part.allowed for part in parts if isinstance(part, Masked)]
        return ExponentiatedGradient(
            logits,
            lr=search.arch_learning_rate,
            entropy=search.arch_weight_decay,
            allowed=masks[0] if masks else None,
            same_node=nodes[0] if nodes else None,
            edge_lr=search.edge_learning_rate,
        )
    if search.arch_optimizer == "proximal_adam":
        return ProximalAdam(
            [logits],
            l1=search.sparsity_l1,
            group=search.sparsity_group,
            extra=search.edge_columns,
            capturable=graphed,
            lr=search.arch_learning_rate,
            betas=(search.arch_beta1, search.arch_beta2),
            weight_decay=search.arch_weight_decay,
        )
    return torch.optim.Adam(
        [logits],
        capturable=graphed,
        lr=search.arch_learning_rate,
        betas=(search.arch_beta1, search.arch_beta2),
        weight_decay=search.arch_weight_decay,
    )


def _nested(relaxation: Relaxation | None) -> Iterator[Relaxation]:
    """A relaxation, and what it wraps, from the outside in."""
    while relaxation is not None:
        yield relaxation
        relaxation = getattr(relaxation, "operations", getattr(relaxation, "relaxation", None))


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
    graphed: bool = False,
) -> FirstOrder:
    """The steps of a config.

    ``generator`` is what a kind that samples draws from; ``graphed``: a CUDA graph is to hold them.
    """
    options: dict[str, Any] = {
        "supernet": supernet,
        "logits": logits,
        "relaxation": relaxation,
        "weight_optimizer": make_weight_optimizer(search, supernet.parameters(), graphed=graphed),
        "logit_optimizer": make_logit_optimizer(search, logits, relaxation, graphed=graphed),
        "order": search.order,
        "clip": search.clip,
        "grad_clip": search.grad_clip,
        "stale_logits": search.clip_stale_logits,
        "regularisers": regularisers,
        "perturbation": perturbation,
        "sampled": relaxation.sampled,
        "meters": meters,
    }
    if search.own_step is not None:
        own: FirstOrder = make_own_step(search, options)
        return own
    if search.alignment > 0 and isinstance(supernet, Supernet):
        return Aligned(
            weight=search.alignment,
            epochs=search.epochs,
            radius=search.alignment_radius,
            **options,
        )
    if search.operation_stop is not None and isinstance(supernet, Supernet):
        return OperationStop(
            threshold=search.operation_stop, count=search.operation_stop_count, **options
        )
    if search.alignment > 0 or search.operation_stop is not None:
        raise UserError(
            "search.alignment and operation_stop run on the built-in engine only: leave out "
            "--engine naslib (and the command naslib)"
        )
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
