"""The rivals' own steps and networks, from checkouts that the user names."""

from __future__ import annotations

import importlib
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.errors import UserError
from naslib_edd.plugin import checkout, compat
from naslib_edd.spaces.nb201.encoding import NODES, OPERATIONS
from racing.steps import CLASSES, Shape, Step

BASELINE = "darts_v1"
#: Rival → our methods that it has a step of, and its name for them.
RIVALS = {
    "autodl": {BASELINE: "TinyNetworkDarts"},
    "naslib": {BASELINE: "DARTSOptimizer", "gdas": "GDASOptimizer"},
}


def check_rival(kind: str, path: str, shape: Shape) -> None:
    """Import a rival from its checkout; UserError where it cannot be raced."""
    if kind == "autodl":
        autodl_network(Path(path))
    else:
        search_space(Path(path), shape)


def autodl_network(path: Path) -> Any:
    """The class TinyNetworkDarts of a checkout of AutoDL-Projects.

    Raises:
        UserError: there is no such module, it does not import, or another copy is imported.
    """
    name = "xautodl.models.cell_searchs.search_model_darts"
    file = path.joinpath(*name.split(".")).with_suffix(".py")
    if not file.is_file():
        raise UserError(f"{path} is no checkout of AutoDL-Projects: it has no {name}")
    try:
        with patch.object(sys, "path", [str(path), *sys.path]):
            module = importlib.import_module(name)
        network = module.TinyNetworkDarts
    except Exception as error:  # whatever a foreign package raises
        raise UserError(f"cannot import {name} of --autodl {path}: {error}") from error
    if not Path(module.__file__ or "").samefile(file):
        raise UserError(f"{name} comes from {module.__file__}, not from --autodl {path}")
    return network


def autodl_step(path: Path, shape: Shape, device: torch.device) -> Step:
    """A DARTS-V1 step as AutoDL-Projects runs it, without its reading of losses and accuracies."""
    search = shape.config(BASELINE, "plain").search
    make = autodl_network(path)
    torch.manual_seed(0)
    # 4 nodes, norms not affine, with running statistics: its script's arguments for NB201.
    operations = list(OPERATIONS)
    network = make(shape.channels, shape.cells, NODES, CLASSES, operations, False, True).to(device)
    sgd = torch.optim.SGD(
        network.get_weights(), lr=search.learning_rate, momentum=search.momentum,
        nesterov=search.nesterov, weight_decay=search.weight_decay,
    )  # fmt: skip
    adam = torch.optim.Adam(
        network.get_alphas(), lr=search.arch_learning_rate,
        betas=(search.arch_beta1, search.arch_beta2), weight_decay=search.arch_weight_decay,
    )  # fmt: skip
    train, val = shape.batches("contiguous", device)

    def step() -> None:
        sgd.zero_grad()
        F.cross_entropy(network(train[0])[1], train[1]).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), search.grad_clip)
        sgd.step()
        adam.zero_grad()
        F.cross_entropy(network(val[0])[1], val[1]).backward()
        adam.step()

    return step


def load_naslib(path: Path) -> Any:
    """NASLib's modules, of this checkout.

    Raises:
        UserError: it is none, it does not import, or another copy is imported.
    """
    problem = checkout.check(path).problem
    if problem is not None:
        raise UserError(f"--naslib {path} is no checkout of NASLib: {problem}")
    with patch.dict(os.environ, {checkout.VARIABLE: str(path.resolve())}):
        modules = compat.load()
    origin = Path(modules.spaces.__file__).resolve()
    if not origin.is_relative_to(path.resolve()):
        raise UserError(f"naslib comes from {origin}, not from --naslib {path}")
    return modules


def search_space(path: Path, shape: Shape) -> Any:
    """NASLib's NB201 with ``shape``'s channels and cells a stage.

    NASLib writes [16, 32, 64] channels and 5 cells into its constructor. Here the attribute answers
    with the shape's, whatever is assigned to it, and surplus cells become the identity.

    Raises:
        UserError: more cells a stage than NASLib's space has.
    """
    modules = load_naslib(path)
    C = shape.channels

    class Shaped(modules.spaces.NasBench201SearchSpace):  # type: ignore[misc, name-defined]
        channels = property(lambda _: [C, 2 * C, 4 * C], lambda *_: None)

    space = Shaped()
    for stage in space.OPTIMIZER_SCOPE:
        ops = [(edge, space.edges[edge].op) for edge in sorted(space.edges)]
        places = [edge for edge, op in ops if getattr(op, "scope", None) == stage]
        if shape.cells > len(places):
            raise UserError(
                f"--naslib: its NB201 has {len(places)} cells a stage; take --cells {len(places)} "
                f"or fewer, not {shape.cells}"
            )
        for place in places[shape.cells :]:
            space.edges[place].set("op", modules.primitives.Identity())
    return space


def naslib_step(path: Path, method: str, shape: Shape, device: torch.device) -> Step:
    """The step of NASLib's optimizer, with its own defaults, in its first epoch."""
    if device.type == "cpu" and torch.cuda.is_available():
        raise UserError(
            "--naslib --device cpu: NASLib takes a CUDA device wherever there is one; hide it with "
            "CUDA_VISIBLE_DEVICES="
        )
    modules = load_naslib(path)
    torch.manual_seed(0)
    optimizer = getattr(modules.optimizers, RIVALS["naslib"][method])(epochs=50)
    optimizer.adapt_search_space(search_space(path, shape), "cifar10")
    optimizer.before_training()
    optimizer.new_epoch(0)
    return partial(optimizer.step, *shape.batches("contiguous", device))


def release_network(path: Path, shape: Shape) -> tuple[nn.Module, list[Tensor]]:
    """quark0/darts' search network on the CPU, and its logits, [14, 8] each of two.

    Raises:
        UserError: the folder is no checkout, or it does not import.
    """
    folder = path / "cnn"
    if not (folder / "model_search.py").is_file():
        raise UserError(f"{path} is no checkout of quark0/darts: it has no cnn/model_search.py")
    # Others have modules of these names, too: they are put aside meanwhile.
    names = ("model_search", "operations", "genotypes")
    aside = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    # The release puts its logits on a GPU while it makes them; here they stay.
    stay = patch.object(Tensor, "cuda", lambda tensor, *_, **__: tensor)
    try:
        with stay, patch.object(sys, "path", [str(folder), *sys.path]):
            module = importlib.import_module("model_search")
            network = module.Network(shape.channels, CLASSES, shape.cells, None)
    except Exception as error:  # whatever a foreign package raises
        raise UserError(f"cannot import model_search of DARTS_HOME {path}: {error}") from error
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(aside)
    return network, [logits.requires_grad_() for logits in network.arch_parameters()]
