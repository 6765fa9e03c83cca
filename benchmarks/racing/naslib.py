"""NASLib's own steps, from a checkout that the user names."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import torch

from naslib_edd.errors import UserError
from naslib_edd.plugin import checkout, compat
from racing.entrants import BASELINE, batch
from racing.shape import Shape, Step

#: NASLib's class of a method.
OPTIMIZERS = {BASELINE: "DARTSOptimizer", "gdas": "GDASOptimizer"}


def load_naslib(path: Path) -> Any:
    """NASLib's modules, of this checkout.

    Raises:
        UserError: it is none, it does not import, or another copy is imported.
    """
    problem = checkout.check(path).problem
    if problem is not None:
        raise UserError(f"--naslib {path} is no checkout of NASLib: {problem}")
    before = os.environ.get(checkout.VARIABLE)
    os.environ[checkout.VARIABLE] = str(path.resolve())
    try:
        modules = compat.load()
    finally:
        del os.environ[checkout.VARIABLE]
        if before is not None:
            os.environ[checkout.VARIABLE] = before
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
        places = [e for e in sorted(space.edges) if _scope(space.edges[e].op) == stage]
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
    optimizer = getattr(modules.optimizers, OPTIMIZERS[method])(epochs=50)
    optimizer.adapt_search_space(search_space(path, shape), "cifar10")
    optimizer.before_training()
    optimizer.new_epoch(0)
    train, val = (batch(shape, "contiguous", device, seed) for seed in (1, 2))
    return partial(optimizer.step, train, val)


def _scope(op: Any) -> Any:
    """The stage of a cell; None of anything else."""
    return getattr(op, "scope", None)
