"""AutoDL-Projects' step, from a checkout that the user names."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.config.settings import SearchSettings
from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.encoding import NODES, OPERATIONS
from racing.entrants import BASELINE, CLASSES, batch, settings
from racing.shape import Shape, Step


def autodl_network(checkout: Path) -> Any:
    """The class TinyNetworkDarts of a checkout of AutoDL-Projects.

    Raises:
        UserError: there is no such module, it does not import, or another copy is imported.
    """
    name = "xautodl.models.cell_searchs.search_model_darts"
    file = checkout.joinpath(*name.split(".")).with_suffix(".py")
    if not file.is_file():
        raise UserError(f"{checkout} is no checkout of AutoDL-Projects: it has no {name}")
    sys.path.insert(0, str(checkout))
    try:
        module = importlib.import_module(name)
        network = module.TinyNetworkDarts
    except Exception as error:  # whatever a foreign package raises
        raise UserError(f"cannot import {name} of --autodl {checkout}: {error}") from error
    finally:
        sys.path.remove(str(checkout))
    if not Path(module.__file__ or "").samefile(file):
        raise UserError(f"{name} comes from {module.__file__}, not from --autodl {checkout}")
    return network


def autodl_step(checkout: Path, shape: Shape, device: torch.device) -> Step:
    """A DARTS-V1 step as AutoDL-Projects runs it, without its reading of losses and accuracies."""
    search = settings(BASELINE, "plain", shape)
    make = autodl_network(checkout)
    torch.manual_seed(0)
    # 4 nodes, norms not affine, with running statistics: its script's arguments for NB201.
    operations = list(OPERATIONS)
    network = make(shape.channels, shape.cells, NODES, CLASSES, operations, False, True).to(device)
    sgd, adam = optimizers(search, network.get_weights(), network.get_alphas())
    train, val = (batch(shape, "contiguous", device, seed) for seed in (1, 2))

    def step() -> None:
        sgd.zero_grad()
        F.cross_entropy(network(train[0])[1], train[1]).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), search.grad_clip)
        sgd.step()
        adam.zero_grad()
        F.cross_entropy(network(val[0])[1], val[1]).backward()
        adam.step()

    return step


def optimizers(
    search: SearchSettings, weights: Sequence[Tensor], logits: Sequence[Tensor]
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """For AutoDL's network: SGD of the weights and Adam of the logits, as the recipe has them."""
    sgd = torch.optim.SGD(
        weights,
        lr=search.learning_rate,
        momentum=search.momentum,
        nesterov=search.nesterov,
        weight_decay=search.weight_decay,
    )
    adam = torch.optim.Adam(
        logits,
        lr=search.arch_learning_rate,
        betas=(search.arch_beta1, search.arch_beta2),
        weight_decay=search.arch_weight_decay,
    )
    return sgd, adam
