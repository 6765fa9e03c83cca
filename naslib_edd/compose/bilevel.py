"""The steps of a config, with the optimizers of weights and logits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from naslib_edd.bilevel import FirstOrder, Meters
from naslib_edd.bilevel.proximal import ProximalAdam
from naslib_edd.perturbation import Perturbation
from naslib_edd.regularisers import Regulariser
from naslib_edd.relaxation import Relaxation
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


def make_logit_optimizer(search: SearchSettings, logits: Tensor) -> torch.optim.Optimizer:
    """What moves the logits: Adam, or Adam with a proximal step."""
    if search.arch_optimizer == "proximal_adam":
        return ProximalAdam(
            [logits],
            l1=search.sparsity_l1,
            group=search.sparsity_group,
            extra=search.edge_columns,
            lr=search.arch_learning_rate,
            betas=(search.arch_beta1, search.arch_beta2),
            weight_decay=search.arch_weight_decay,
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
) -> FirstOrder:
    """The steps of a config."""
    return FirstOrder(
        supernet=supernet,
        logits=logits,
        relaxation=relaxation,
        weight_optimizer=make_weight_optimizer(search, supernet.parameters()),
        logit_optimizer=make_logit_optimizer(search, logits),
        order=search.order,
        clip=search.clip,
        grad_clip=search.grad_clip,
        stale_logits=search.clip_stale_logits,
        regularisers=regularisers,
        perturbation=perturbation,
        sampled=relaxation.sampled,
        meters=meters,
    )
